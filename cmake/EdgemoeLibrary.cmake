# The library that users link, made of every module's objects, and its installation. Included after all modules exist.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

get_property(modules GLOBAL PROPERTY EDGEMOE_MODULES)
get_property(libraries GLOBAL PROPERTY EDGEMOE_LIBS)
list(REMOVE_DUPLICATES libraries)
list(TRANSFORM modules REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)

add_library(edgemoe ${objects})
add_library(edgemoe::edgemoe ALIAS edgemoe)
file(GLOB public_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/edgemoe/*.h)
target_sources(edgemoe PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${public_headers})
target_compile_features(edgemoe PUBLIC cxx_std_20)
target_link_libraries(edgemoe PRIVATE ${libraries})
if(EDGEMOE_SANITIZE)
  target_link_options(edgemoe PUBLIC -fsanitize=${EDGEMOE_SANITIZE})
endif()
set_target_properties(edgemoe PROPERTIES LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION}
                                         SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

# Each public header must compile by itself, with nothing but the public include folder in view.
foreach(header IN LISTS public_headers)
  file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR}/include ${header})
  string(MAKE_C_IDENTIFIER ${name} identifier)
  set(source ${PROJECT_BINARY_DIR}/public_headers/${identifier}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include \"@name@\"\n#include \"@name@\"\n" @ONLY)
  list(APPEND header_sources ${source})
endforeach()
add_library(edgemoe_public_headers OBJECT ${header_sources})
target_include_directories(edgemoe_public_headers PRIVATE ${PROJECT_SOURCE_DIR}/include)
edgemoe_compile_options(edgemoe_public_headers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/edgemoe)
install(TARGETS edgemoe EXPORT edgemoeTargets FILE_SET HEADERS)
install(EXPORT edgemoeTargets NAMESPACE edgemoe:: DESTINATION ${package_dir})
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/edgemoeConfig.cmake.in ${PROJECT_BINARY_DIR}/edgemoeConfig.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/edgemoeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/edgemoeConfig.cmake ${PROJECT_BINARY_DIR}/edgemoeConfigVersion.cmake
        DESTINATION ${package_dir})
if(EXISTS ${PROJECT_SOURCE_DIR}/configs)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/configs DESTINATION ${CMAKE_INSTALL_DATADIR}/edgemoe)
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/models)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/models DESTINATION ${CMAKE_INSTALL_DATADIR}/edgemoe)
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/examples/videos)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples/videos DESTINATION ${CMAKE_INSTALL_DATADIR}/edgemoe/examples)
endif()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
