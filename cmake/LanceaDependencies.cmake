# Third-party libraries: Arrow from the system, else from the pyarrow wheel; the rest from the system.
find_package(Python3 3.10 COMPONENTS Interpreter REQUIRED)
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
# Python must find one Arrow in the process, and pyarrow brings its own.
if(NOT LANCEA_BUILD_PYTHON)
  find_package(Arrow QUIET)
endif()

if(Arrow_FOUND AND TARGET Arrow::arrow_shared)
  add_library(lancea_arrow INTERFACE)
  target_link_libraries(lancea_arrow INTERFACE Arrow::arrow_shared)
  if(TARGET ArrowCompute::arrow_compute_shared)
    target_link_libraries(lancea_arrow INTERFACE ArrowCompute::arrow_compute_shared)
  endif()
  set(LANCEA_ARROW_FROM_PYARROW OFF)
else()
  # The wheel carries headers and versioned shared libraries; link them by full path. The run path is
  # where the wheel lies, so no environment variable is needed.
  execute_process(
    COMMAND "${Python3_EXECUTABLE}" -c
            "import importlib.util as u, os; print(os.path.dirname(u.find_spec('pyarrow').origin))"
    OUTPUT_VARIABLE LANCEA_PYARROW_DIR OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE pyarrow_missing ERROR_QUIET)
  if(pyarrow_missing)
    message(FATAL_ERROR "No Arrow: install Arrow C++ (find_package(Arrow)) or `pip install pyarrow` "
                        "for ${Python3_EXECUTABLE}")
  endif()
  add_library(lancea_arrow INTERFACE)
  target_include_directories(lancea_arrow SYSTEM INTERFACE "${LANCEA_PYARROW_DIR}/include")
  set(LANCEA_ARROW_LIBRARIES "")
  foreach(name arrow arrow_compute arrow_acero)
    file(GLOB library "${LANCEA_PYARROW_DIR}/lib${name}.so.*")
    list(FILTER library EXCLUDE REGEX "\\.so\\.[0-9]+\\.[0-9]+")
    if(NOT library)
      message(FATAL_ERROR "No lib${name}.so.* in ${LANCEA_PYARROW_DIR}")
    endif()
    list(GET library 0 library)
    target_link_libraries(lancea_arrow INTERFACE "${library}")
    get_filename_component(library "${library}" NAME)
    list(APPEND LANCEA_ARROW_LIBRARIES "${library}")
  endforeach()
  set(LANCEA_ARROW_FROM_PYARROW ON)
  list(APPEND CMAKE_BUILD_RPATH "${LANCEA_PYARROW_DIR}")
  list(APPEND CMAKE_INSTALL_RPATH "${LANCEA_PYARROW_DIR}" "\$ORIGIN" "\$ORIGIN/../lib")
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
find_path(LANCEA_ROARING_INCLUDE roaring/roaring.hh REQUIRED)
find_library(LANCEA_ROARING_LIBRARY roaring REQUIRED)
find_package(nlohmann_json REQUIRED)
if(LANCEA_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
