# The accelerator's SystemVerilog: packages from design points, Verilator benches, lint, Yosys netlists.
set(EDGEMOE_RTL_DIR ${PROJECT_SOURCE_DIR}/hw/rtl)
set(EDGEMOE_SYNTH_DIR ${PROJECT_SOURCE_DIR}/hw/synth)
set(EDGEMOE_RTL_BINARY_DIR ${PROJECT_BINARY_DIR}/rtl)

# edgemoe_rtl_package(small [FILE]): the package of configs/accelerators/small.json or of FILE,
# ${EDGEMOE_RTL_BINARY_DIR}/small/edgemoe_pkg.sv, and built_design.h beside it.
function(edgemoe_rtl_package design)
  set(source ${PROJECT_SOURCE_DIR}/configs/accelerators/${design}.json)
  if(ARGC GREATER 1)
    set(source ${ARGV1})
  endif()
  set(package ${EDGEMOE_RTL_BINARY_DIR}/${design}/edgemoe_pkg.sv)
  set(header ${EDGEMOE_RTL_BINARY_DIR}/${design}/built_design.h)
  add_custom_command(OUTPUT ${package} ${header} COMMAND edgemoe-rtl-package ${source} ${package} ${header}
                     DEPENDS ${source} edgemoe-rtl-package VERBATIM)
endfunction()

# edgemoe_rtl_bench(NAME gelu_sim TOP gelu DESIGN small MODULES gelu.sv … BENCH gelu_test.cpp [SOURCES more.cpp …] [LIBS …]
#                   [NETLIST] [FULL])
#
# A GoogleTest program on a Verilated module; -Wall must find nothing. MODULES are all files under TOP. NETLIST adds
# NAME_netlist: the same bench on what Yosys makes of the module for Xilinx UltraScale+, where Yosys is installed. Netlists,
# and benches that are FULL, take minutes to build: the test rtl.build, label `full`, builds them when it runs. PARAMETERS
# Name=value … of TOP, and DEFINITIONS that tell the bench, make a variant.
function(edgemoe_rtl_bench)
  cmake_parse_arguments(ARG "NETLIST;FULL" "NAME;TOP;DESIGN;BENCH" "MODULES;SOURCES;LIBS;PARAMETERS;DEFINITIONS" ${ARGN})
  list(TRANSFORM ARG_PARAMETERS PREPEND -G)
  list(TRANSFORM ARG_MODULES PREPEND ${EDGEMOE_RTL_DIR}/)
  set(files ${EDGEMOE_RTL_BINARY_DIR}/${ARG_DESIGN}/edgemoe_pkg.sv ${ARG_MODULES})
  edgemoe_verilated_model(NAME ${ARG_NAME} TOP ${ARG_TOP} FILES ${files} FLAGS -Wall ${ARG_PARAMETERS})
  if(ARG_FULL)
    edgemoe_rtl_full_test(${ARG_NAME} ${ARG_BENCH} ${ARG_DESIGN})
    target_sources(${ARG_NAME} PRIVATE ${ARG_SOURCES})
    target_link_libraries(${ARG_NAME} PRIVATE ${ARG_LIBS})
  else()
    edgemoe_test(NAME ${ARG_NAME} SOURCES ${ARG_BENCH} ${ARG_SOURCES} LIBS ${ARG_NAME}_model ${ARG_LIBS} LABELS rtl)
    target_compile_definitions(${ARG_NAME} PRIVATE EDGEMOE_BENCH_DESIGN="${ARG_DESIGN}")
  endif()
  target_compile_definitions(${ARG_NAME} PRIVATE ${ARG_DEFINITIONS})
  if(NOT ARG_NETLIST OR NOT EDGEMOE_YOSYS)
    return()
  endif()
  set(netlist ${EDGEMOE_RTL_BINARY_DIR}/${ARG_NAME}_netlist.v)
  add_custom_command(OUTPUT ${netlist} COMMAND ${EDGEMOE_SYNTH_DIR}/netlist ${ARG_TOP} ${netlist} ${files}
                     DEPENDS ${files} ${EDGEMOE_SYNTH_DIR}/netlist ${EDGEMOE_SYNTH_DIR}/carry4_gates.v VERBATIM)
  edgemoe_verilated_model(NAME ${ARG_NAME}_netlist TOP ${ARG_TOP}
                          FILES ${netlist} ${PROJECT_SOURCE_DIR}/hw/sim/models/DSP48E2.v ${EDGEMOE_YOSYS_CELLS}
                          FLAGS -Wno-lint -Wno-style -Wno-MULTITOP -Wno-TIMESCALEMOD -Wno-INITIALDLY)
  edgemoe_rtl_full_test(${ARG_NAME}_netlist ${ARG_BENCH} ${ARG_DESIGN})
  # Without the RTL's own checks.
  target_compile_definitions(${ARG_NAME}_netlist PRIVATE EDGEMOE_BENCH_NETLIST)
endfunction()

# edgemoe_rtl_simulator(DESIGN zcu102 MODEL accelerator_zcu102_sim [FILE zcu102.json] MODULES edgemoe.sv …)
#
# edgemoe-sim-zcu102: the whole machine of a design point as a device of `edgemoe run` and `edgemoe simulate`. MODEL is a bench's
# name, whose Verilated class it shares, or that of one to be made. FILE is the design point's where it is none of the shipped. Only the small design point is quick enough to be built always.
function(edgemoe_rtl_simulator)
  cmake_parse_arguments(ARG "" "DESIGN;MODEL;FILE" "MODULES" ${ARGN})
  set(name edgemoe-sim-${ARG_DESIGN})
  if(NOT TARGET ${ARG_MODEL}_model)
    list(TRANSFORM ARG_MODULES PREPEND ${EDGEMOE_RTL_DIR}/)
    edgemoe_verilated_model(NAME ${ARG_MODEL} TOP edgemoe FLAGS -Wall
                            FILES ${EDGEMOE_RTL_BINARY_DIR}/${ARG_DESIGN}/edgemoe_pkg.sv ${ARG_MODULES})
  endif()
  add_executable(${name} simulator_main.cpp ${EDGEMOE_RTL_BINARY_DIR}/${ARG_DESIGN}/built_design.h)
  target_include_directories(${name} PRIVATE ${EDGEMOE_RTL_BINARY_DIR}/${ARG_DESIGN})
  edgemoe_compile_options(${name})
  target_link_libraries(${name} PRIVATE ${ARG_MODEL}_model)
  # Those that are built: the large ones are not, unless somebody asks for them.
  install(PROGRAMS $<TARGET_FILE:${name}> DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/edgemoe OPTIONAL)
  if(NOT ARG_DESIGN STREQUAL small)
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    if(NOT ARG_FILE)
      add_dependencies(edgemoe_rtl_full ${name})
    endif()
  endif()
endfunction()

# edgemoe_rtl_fault(NAME gelu_fault TOP gelu MODULES gelu.sv … BENCH gelu_test.cpp FILE gelu.sv FROM "…" TO "…"
#                   [SOURCES more.cpp …] [LIBS …])
#
# The bench on a module with a planted fault: it must find a number that is wrong; not to run, or to crash, is not enough. In
# FILE, TO takes the place of FROM.
function(edgemoe_rtl_fault)
  cmake_parse_arguments(ARG "" "NAME;TOP;BENCH;FILE;FROM;TO" "MODULES;SOURCES;LIBS" ${ARGN})
  file(READ ${EDGEMOE_RTL_DIR}/${ARG_FILE} text)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${EDGEMOE_RTL_DIR}/${ARG_FILE})
  string(FIND "${text}" "${ARG_FROM}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "${ARG_NAME}: ${ARG_FILE} does not hold \"${ARG_FROM}\"; say what to plant instead")
  endif()
  string(REPLACE "${ARG_FROM}" "${ARG_TO}" text "${text}")
  set(copy ${EDGEMOE_RTL_BINARY_DIR}/${ARG_NAME}_source/${ARG_FILE})
  file(CONFIGURE OUTPUT ${copy} CONTENT "${text}" @ONLY)
  # In its place: packages stand before what uses them.
  list(TRANSFORM ARG_MODULES PREPEND ${EDGEMOE_RTL_DIR}/)
  list(TRANSFORM ARG_MODULES REPLACE "^${EDGEMOE_RTL_DIR}/${ARG_FILE}$" ${copy})
  edgemoe_verilated_model(NAME ${ARG_NAME} TOP ${ARG_TOP} FLAGS -Wno-lint
                          FILES ${EDGEMOE_RTL_BINARY_DIR}/small/edgemoe_pkg.sv ${ARG_MODULES})
  edgemoe_rtl_full_test(${ARG_NAME} ${ARG_BENCH} small)
  target_sources(${ARG_NAME} PRIVATE ${ARG_SOURCES})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_LIBS})
  set_tests_properties(${ARG_NAME} PROPERTIES PASS_REGULAR_EXPRESSION "Expected equality of these values")
endfunction()

# The bench on NAME_model as one test, built by rtl.build.
function(edgemoe_rtl_full_test name bench design)
  add_executable(${name} EXCLUDE_FROM_ALL ${bench})
  edgemoe_compile_options(${name})
  target_link_libraries(${name} PRIVATE ${name}_model GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE EDGEMOE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" EDGEMOE_BENCH_DESIGN="${design}")
  add_dependencies(edgemoe_rtl_full ${name})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "rtl;full" FIXTURES_REQUIRED rtl_full)
endfunction()

# The part of both: NAME_model, the Verilated class of TOP as a library.
function(edgemoe_verilated_model)
  cmake_parse_arguments(ARG "" "NAME;TOP" "FILES;FLAGS" ${ARGN})
  set(folder ${EDGEMOE_RTL_BINARY_DIR}/${ARG_NAME})
  set(archive ${folder}/V${ARG_TOP}__ALL.a)
  set(launcher)
  if(CMAKE_CXX_COMPILER_LAUNCHER)
    set(launcher OBJCACHE=${CMAKE_CXX_COMPILER_LAUNCHER})
  endif()
  # Registers start at what the bench says: 0, 1 or random. Verilator's make prints what it archives.
  add_custom_command(
    OUTPUT ${archive}
    COMMAND ${EDGEMOE_VERILATOR} --cc -O3 --x-initial unique --x-assign unique --output-split 5000
            --output-split-cfuncs 500 ${ARG_FLAGS} --top-module ${ARG_TOP} --Mdir ${folder} ${ARG_FILES}
    COMMAND ${CMAKE_COMMAND} -E env --unset=MAKEFLAGS make -s -C ${folder} -f V${ARG_TOP}.mk CXX=${CMAKE_CXX_COMPILER}
            OPT_FAST=-O2 ${launcher} V${ARG_TOP}__ALL.a > ${folder}/make.log
    DEPENDS ${ARG_FILES} VERBATIM)
  add_custom_target(${ARG_NAME}_archive DEPENDS ${archive})
  add_library(${ARG_NAME}_model INTERFACE)
  add_dependencies(${ARG_NAME}_model ${ARG_NAME}_archive)
  target_include_directories(${ARG_NAME}_model SYSTEM INTERFACE ${folder})
  target_link_libraries(${ARG_NAME}_model INTERFACE ${archive} edgemoe_verilated edgemoe_sim edgemoe_accel edgemoe_model edgemoe_base
                                                    edgemoe_numeric fmt::fmt)
endfunction()
