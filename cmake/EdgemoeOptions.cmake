# What a builder may choose.
option(EDGEMOE_BUILD_TESTS "Build the tests (needs GoogleTest)" ON)
option(EDGEMOE_BUILD_CLI "Build the edgemoe command-line tool (needs CLI11)" ON)
option(EDGEMOE_BUILD_BENCH "Build the benchmark programs" OFF)
option(EDGEMOE_BUILD_FUZZERS "Build the libFuzzer targets (needs clang)" OFF)
option(EDGEMOE_WERROR "Treat warnings as errors" ON)
option(EDGEMOE_USE_CCACHE "Compile through ccache where it is installed" ON)
option(BUILD_SHARED_LIBS "Build libedgemoe as a shared library" OFF)
set(EDGEMOE_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined")
