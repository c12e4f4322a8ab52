# Compiler flags, ccache and the linker.
find_program(LANCEA_CCACHE ccache)
if(LANCEA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${LANCEA_CCACHE}")
endif()
find_program(LANCEA_MOLD mold)
if(LANCEA_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -fno-semantic-interposition)
if(LANCEA_WERROR)
  add_compile_options(-Werror)
endif()
# Arrow's own headers leave parameters unused in places; they are included as system headers.
if(LANCEA_SANITIZE)
  add_compile_options(-fsanitize=${LANCEA_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${LANCEA_SANITIZE})
  if(LANCEA_SANITIZE MATCHES "undefined")
    # A report must fail the test. vptr needs type information that libarrow keeps to itself.
    add_compile_options(-fno-sanitize-recover=undefined -fno-sanitize=vptr)
  endif()
endif()
