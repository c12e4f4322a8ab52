# `cmake --install`: headers, liblancea.so, the command, and what CMake and pkg-config need to find
# them. protobuf, zstd, lz4 and the rest stay inside the library; users need Arrow only. The Python
# package is no part of this: python/CMakeLists.txt puts it into a wheel.
if(SKBUILD)
  return()
endif()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS lancea EXPORT LanceaTargets LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
if(TARGET lancea_s3)
  install(TARGETS lancea_s3 LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endif()
if(TARGET lancea_cli)
  install(TARGETS lancea_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/lancea"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")

set(config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Lancea")
install(EXPORT LanceaTargets NAMESPACE Lancea:: DESTINATION "${config_dir}")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/LanceaConfig.cmake.in"
                              "${PROJECT_BINARY_DIR}/LanceaConfig.cmake"
                              INSTALL_DESTINATION "${config_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/LanceaConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/LanceaConfig.cmake"
              "${PROJECT_BINARY_DIR}/LanceaConfigVersion.cmake" DESTINATION "${config_dir}")

# pkg-config: Arrow by its own .pc file, or the wheel's libraries by full path, because the wheel has
# no libarrow.so without a version. `--define-variable=arrowdir=...` names another wheel.
if(LANCEA_ARROW_FROM_PYARROW)
  set(LANCEA_PC_REQUIRES "")
  set(LANCEA_PC_CFLAGS "-I\${arrowdir}/include")
  set(LANCEA_PC_LIBS "")
  foreach(library ${LANCEA_ARROW_LIBRARIES})
    string(APPEND LANCEA_PC_LIBS " \${arrowdir}/${library}")
  endforeach()
  string(APPEND LANCEA_PC_LIBS " -Wl,-rpath,\${arrowdir}")
else()
  set(LANCEA_PC_REQUIRES "arrow")
  set(LANCEA_PC_CFLAGS "")
  set(LANCEA_PC_LIBS "")
endif()
file(RELATIVE_PATH LANCEA_PC_PREFIX "/p/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/p")
string(REGEX REPLACE "/$" "" LANCEA_PC_PREFIX "${LANCEA_PC_PREFIX}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/lancea.pc.in" "${PROJECT_BINARY_DIR}/lancea.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/lancea.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
