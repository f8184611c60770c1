# Every library and tool that edgemoe uses, found in one place. What the library itself needs is required; what is
# optional switches off one part, and says which.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
pkg_check_modules(LCMS2 REQUIRED IMPORTED_TARGET lcms2)
pkg_check_modules(EXIF REQUIRED IMPORTED_TARGET libexif)
pkg_check_modules(ZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)

# edgemoe_disable(OPTION WHAT MISSING PACKAGE): switches OPTION off for this run and says why.
function(edgemoe_disable option what missing package)
  message(WARNING "${missing} not found: ${what} will not be built. "
                  "Install ${package}, or silence this with -D${option}=OFF.")
  set(${option} OFF PARENT_SCOPE)
endfunction()

if(EDGEMOE_BUILD_TESTS)
  find_package(GTest QUIET)
  find_package(Python3 3.11 QUIET COMPONENTS Interpreter)
  if(NOT GTest_FOUND OR NOT TARGET GTest::gmock)
    edgemoe_disable(EDGEMOE_BUILD_TESTS "the tests" "GoogleTest with GoogleMock" "libgtest-dev and libgmock-dev")
  else()
    include(GoogleTest)
    if(NOT Python3_FOUND)
      message(WARNING "Python 3.11 or later not found: the checks of layers and documents will not run. Install python3.")
    endif()
  endif()
endif()

if(EDGEMOE_BUILD_CLI)
  find_package(CLI11 QUIET)
  if(NOT CLI11_FOUND)
    edgemoe_disable(EDGEMOE_BUILD_CLI "the edgemoe command-line tool" "CLI11" "libcli11-dev")
  endif()
endif()

# Only who trains needs it, so its absence is told without a warning.
if(EDGEMOE_BUILD_SCENES)
  find_package(embree 3 QUIET)
  if(NOT embree_FOUND)
    message(STATUS "Embree 3 not found: edgemoe-scenes, which renders training scenes, will not be built. "
                   "Install libembree-dev for it.")
    set(EDGEMOE_BUILD_SCENES OFF)
  endif()
endif()

if(EDGEMOE_BUILD_FUZZERS AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  edgemoe_disable(EDGEMOE_BUILD_FUZZERS "the fuzzers" "clang (the compiler is ${CMAKE_CXX_COMPILER_ID})"
                  "clang-14 and libclang-rt-14-dev, and configure with the preset `asan`")
endif()

if(EDGEMOE_USE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(EDGEMOE_CCACHE ccache)
  mark_as_advanced(EDGEMOE_CCACHE)
  if(EDGEMOE_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${EDGEMOE_CCACHE})
  endif()
endif()
