# Installation: headers, the static library, find_package(Sapwood) and pkg-config `sapwood`.
include(CMakePackageConfigHelpers)

install(TARGETS sapwood EXPORT SapwoodTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/sapwood DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
        FILES_MATCHING PATTERN "*.h")

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/Sapwood)
install(EXPORT SapwoodTargets NAMESPACE Sapwood:: DESTINATION ${package_folder} COMPONENT development)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/SapwoodConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/SapwoodConfig.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/SapwoodConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/SapwoodConfig.cmake ${PROJECT_BINARY_DIR}/SapwoodConfigVersion.cmake
        DESTINATION ${package_folder} COMPONENT development)

# The prefix is relative to the .pc file, so an installed tree may be moved.
file(RELATIVE_PATH SAPWOOD_PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/sapwood.pc.in ${PROJECT_BINARY_DIR}/sapwood.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/sapwood.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
