# find_package(albert) for other projects: include <albert/albert.h>, link albert::trainer (or a
# lower layer).
include(CMakePackageConfigHelpers)

install(FILES ${PROJECT_SOURCE_DIR}/albert/albert.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/albert)
install(EXPORT albertTargets NAMESPACE albert:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/albert)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/albertConfig.cmake.in
  ${PROJECT_BINARY_DIR}/albertConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/albert)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/albertConfigVersion.cmake COMPATIBILITY
  SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/albertConfig.cmake
  ${PROJECT_BINARY_DIR}/albertConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/AlbertLibraries.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/albert)
