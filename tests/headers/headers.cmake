# Each public header compiles alone, and twice, with nothing but include/ on the path: one generated unit and test each.
file(GLOB_RECURSE public_headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include
     ${PROJECT_SOURCE_DIR}/include/sapwood/*.h)
foreach(header IN LISTS public_headers)
  string(REGEX REPLACE "^sapwood/(.*)\\.h$" "\\1" name ${header})
  string(REPLACE / . name ${name})
  set(unit ${PROJECT_BINARY_DIR}/headers_alone/${name}.cc)
  file(CONFIGURE OUTPUT ${unit} CONTENT "#include <@header@>\n#include <@header@>\n" @ONLY)
  add_test(NAME header_alone.${name}
           COMMAND ${CMAKE_CXX_COMPILER} -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Werror
                   -I ${PROJECT_SOURCE_DIR}/include ${unit})
endforeach()
