# edgemoe_module(NAME base SOURCES a.cpp … [DEPS base model …] [LIBS fmt::fmt …] [TESTS base_test.cpp …] [TEST_DEPS …])
#
# One folder of src/ as a static library edgemoe_<NAME>, and its unit tests as the program <NAME>_test. DEPS are other
# modules, LIBS third-party libraries. The library that users link, `edgemoe`, is made of the same objects.
function(edgemoe_compile_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                                           -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual)
  # Designated initialisers leave the rest to its defaults: that is what they are for.
  target_compile_options(${target} PRIVATE -Wno-missing-field-initializers)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 warns of std::string's own copies (GCC bug 105651), and for aarch64 of std::reverse on a vector of bytes.
    target_compile_options(${target} PRIVATE -Wno-restrict -Wno-stringop-overflow)
  endif()
  if(EDGEMOE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  # Which products are contracted to fused multiply-adds is written in the kernels, never left to the compiler: results
  # must not depend on how a loop was compiled.
  target_compile_options(${target} PRIVATE -ffp-contract=off)
  if(EDGEMOE_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${EDGEMOE_SANITIZE} -fno-omit-frame-pointer
                                            -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${EDGEMOE_SANITIZE})
  endif()
  if(EDGEMOE_BUILD_FUZZERS)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# For targets that run no loop that counts, only call what does: -O1 instead of -O3 takes a third off their compilation.
function(edgemoe_compile_lightly target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

function(edgemoe_module)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPS;LIBS;TESTS;TEST_DEPS" ${ARGN})
  set(target edgemoe_${ARG_NAME})
  add_library(${target} STATIC ${ARG_SOURCES})
  edgemoe_compile_options(${target})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
                                              $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  list(TRANSFORM ARG_DEPS PREPEND edgemoe_)
  target_link_libraries(${target} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_LIBS})
  set_property(GLOBAL APPEND PROPERTY EDGEMOE_MODULES ${target})
  set_property(GLOBAL APPEND PROPERTY EDGEMOE_LIBS ${ARG_LIBS})
  if(EDGEMOE_BUILD_TESTS AND ARG_TESTS)
    list(TRANSFORM ARG_TEST_DEPS PREPEND edgemoe_)
    edgemoe_test(NAME ${ARG_NAME}_test SOURCES ${ARG_TESTS} LIBS ${target} ${ARG_TEST_DEPS} ${ARG_LIBS})
  endif()
endfunction()

# edgemoe_test(NAME x_test SOURCES … LIBS … [LABELS full]): a GoogleTest program whose cases ctest lists one by one.
# Labels: `full` is left out of the quick run, `host` cannot run under an emulator.
function(edgemoe_test)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  edgemoe_compile_options(${ARG_NAME})
  edgemoe_compile_lightly(${ARG_NAME})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_LIBS} GTest::gmock GTest::gtest GTest::gtest_main)
  target_compile_definitions(${ARG_NAME} PRIVATE EDGEMOE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set(labels)
  if(ARG_LABELS)
    string(REPLACE ";" "\\;" labels "${ARG_LABELS}")
    set(labels PROPERTIES LABELS "${labels}")
  endif()
  gtest_discover_tests(${ARG_NAME} TEST_PREFIX ${ARG_NAME}. DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 ${labels})
endfunction()
