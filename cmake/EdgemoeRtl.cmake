# The accelerator's SystemVerilog: packages from design points, Verilator benches, lint, Yosys netlists.
set(EDGEMOE_RTL_DIR ${PROJECT_SOURCE_DIR}/hw/rtl)
set(EDGEMOE_RTL_BINARY_DIR ${PROJECT_BINARY_DIR}/rtl)

# edgemoe_rtl_package(small): the package of configs/accelerators/small.json, ${EDGEMOE_RTL_BINARY_DIR}/small/edgemoe_pkg.sv.
function(edgemoe_rtl_package design)
  set(source ${PROJECT_SOURCE_DIR}/configs/accelerators/${design}.json)
  set(package ${EDGEMOE_RTL_BINARY_DIR}/${design}/edgemoe_pkg.sv)
  add_custom_command(OUTPUT ${package} COMMAND edgemoe-rtl-package ${source} ${package}
                     DEPENDS ${source} edgemoe-rtl-package VERBATIM)
endfunction()

# edgemoe_rtl_bench(NAME gelu_sim TOP gelu DESIGN small MODULES gelu.sv … BENCH gelu_test.cpp [LABELS full] [NETLIST])
#
# A GoogleTest program on a Verilated module, and a lint of the module. MODULES are all files under TOP. NETLIST adds
# NAME_netlist: the same bench on what Yosys makes of the module for Xilinx UltraScale+, where Yosys is installed. That takes
# minutes, so it is built when the test rtl.netlists runs, label `full`, not before.
function(edgemoe_rtl_bench)
  cmake_parse_arguments(ARG "NETLIST" "NAME;TOP;DESIGN;BENCH" "MODULES;LABELS" ${ARGN})
  list(TRANSFORM ARG_MODULES PREPEND ${EDGEMOE_RTL_DIR}/)
  set(files ${EDGEMOE_RTL_BINARY_DIR}/${ARG_DESIGN}/edgemoe_pkg.sv ${ARG_MODULES})
  edgemoe_verilated_model(NAME ${ARG_NAME} TOP ${ARG_TOP} FILES ${files} FLAGS -Wall)
  edgemoe_test(NAME ${ARG_NAME} SOURCES ${ARG_BENCH} LIBS ${ARG_NAME}_model LABELS rtl ${ARG_LABELS})
  target_compile_definitions(${ARG_NAME} PRIVATE EDGEMOE_BENCH_DESIGN="${ARG_DESIGN}")
  if(NOT ARG_NETLIST OR NOT EDGEMOE_YOSYS)
    return()
  endif()
  set(netlist ${EDGEMOE_RTL_BINARY_DIR}/${ARG_NAME}_netlist.v)
  file(GLOB synthesis ${PROJECT_SOURCE_DIR}/hw/synth/*)
  add_custom_command(OUTPUT ${netlist} COMMAND ${PROJECT_SOURCE_DIR}/hw/synth/netlist ${ARG_TOP} ${netlist} ${files}
                     DEPENDS ${files} ${synthesis} VERBATIM)
  edgemoe_verilated_model(NAME ${ARG_NAME}_netlist TOP ${ARG_TOP}
                          FILES ${netlist} ${PROJECT_SOURCE_DIR}/hw/sim/models/DSP48E2.v ${EDGEMOE_YOSYS_CELLS}
                          FLAGS -Wno-lint -Wno-style -Wno-MULTITOP -Wno-TIMESCALEMOD -Wno-INITIALDLY)
  add_executable(${ARG_NAME}_netlist EXCLUDE_FROM_ALL ${ARG_BENCH})
  edgemoe_compile_options(${ARG_NAME}_netlist)
  target_link_libraries(${ARG_NAME}_netlist PRIVATE ${ARG_NAME}_netlist_model GTest::gtest GTest::gtest_main)
  target_compile_definitions(${ARG_NAME}_netlist PRIVATE EDGEMOE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                                         EDGEMOE_BENCH_DESIGN="${ARG_DESIGN}")
  add_dependencies(edgemoe_netlists ${ARG_NAME}_netlist)
  add_test(NAME ${ARG_NAME}_netlist COMMAND ${ARG_NAME}_netlist)
  set_tests_properties(${ARG_NAME}_netlist PROPERTIES LABELS "rtl;full" FIXTURES_REQUIRED netlists)
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
  target_link_libraries(${ARG_NAME}_model INTERFACE ${archive} edgemoe_verilated edgemoe_accel edgemoe_model edgemoe_base
                                                    edgemoe_numeric fmt::fmt)
endfunction()
