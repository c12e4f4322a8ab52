# A layer is one folder of src/lancea: an object library of its *.cc and one test program of its
# *_test.cc. A layer includes only the layers below it (tools/check_layers.py); the
# layers it names are linked into its test program.
set_property(GLOBAL PROPERTY LANCEA_LAYERS "")

# lancea_layer(<folder> [DEPENDS <layer folders>...] [LINK <libraries>...])
function(lancea_layer folder)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  string(REPLACE "/" "_" name "${folder}")
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cc")
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|benchmark)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  if(NOT sources)
    return()
  endif()
  add_library(lancea_${name} OBJECT ${sources})
  target_include_directories(lancea_${name} PUBLIC "${PROJECT_SOURCE_DIR}/include"
                                                   "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(lancea_${name} PUBLIC lancea_arrow lancea_proto ${ARG_LINK})
  target_precompile_headers(lancea_${name} REUSE_FROM lancea_precompiled)
  set_property(GLOBAL APPEND PROPERTY LANCEA_LAYERS "${name}")

  if(LANCEA_BUILD_TESTS AND tests)
    add_executable(lancea_${name}_test ${tests} $<TARGET_OBJECTS:lancea_${name}>)
    target_link_libraries(lancea_${name}_test PRIVATE lancea_${name} lancea_proto GTest::gtest
                                                      GTest::gtest_main)
    foreach(lower ${ARG_DEPENDS})
      string(REPLACE "/" "_" lower_name "${lower}")
      target_sources(lancea_${name}_test PRIVATE $<TARGET_OBJECTS:lancea_${lower_name}>)
      target_link_libraries(lancea_${name}_test PRIVATE
        $<TARGET_PROPERTY:lancea_${lower_name},INTERFACE_LINK_LIBRARIES>)
    endforeach()
    target_compile_definitions(lancea_${name}_test PRIVATE
      LANCEA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    # Programs default to -fPIE, which the shared precompiled headers do not match.
    set_target_properties(lancea_${name}_test PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(lancea_${name}_test PRIVATE -fPIC)
    target_precompile_headers(lancea_${name}_test REUSE_FROM lancea_precompiled)
    add_test(NAME ${name} COMMAND lancea_${name}_test)
  endif()
endfunction()
