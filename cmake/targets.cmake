# Functions that the rest of the build uses to declare targets.

# Sets `result` to the files that match the patterns, without tests (*_test.cc). New files are noticed at the next build.
function(sapwood_glob result)
  file(GLOB files CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${ARGN})
  list(FILTER files EXCLUDE REGEX "_test\\.cc$")
  list(TRANSFORM files PREPEND ${PROJECT_SOURCE_DIR}/)
  set(${result} ${files} PARENT_SCOPE)
endfunction()

# Warnings, sanitizers and fail points, for targets of this project only. Warnings are errors in the presets
# (CMAKE_COMPILE_WARNING_AS_ERROR), not for people who build Sapwood with a compiler that we have not seen.
function(sapwood_compile_options target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Wformat=2 -Wundef
    -Wunused -Wimplicit-fallthrough -Wextra-semi -Wvla
    -Wno-missing-field-initializers  # a designated initialiser leaves out what has its default
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)  # g++ 12 sees overlaps in std::string that are none (its bug 105651)
  if(SAPWOOD_FAIL_POINTS)
    target_compile_definitions(${target} PRIVATE SAPWOOD_FAIL_POINTS)
  endif()
  if(SAPWOOD_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${SAPWOOD_SANITIZE} -fno-sanitize-recover=all
                           -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=${SAPWOOD_SANITIZE})
  endif()
  if(SAPWOOD_BUILD_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# What a user of the library gets: the public headers, C++20, threads.
function(sapwood_public_usage target)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PUBLIC Threads::Threads)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()

# What the library's own code gets beside that: includes relative to the root, and our warnings.
function(sapwood_internal_usage target)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_include_directories(${target} SYSTEM PRIVATE ${XXHASH_INCLUDE_DIR})
  sapwood_compile_options(${target})
endfunction()

# The layer in folder `layer` as the OBJECT library sapwood_<layer>, part of `sapwood`. A folder without sources is none.
function(sapwood_add_layer layer)
  sapwood_glob(sources ${layer}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/os/sim_[^/]*$")
  if(NOT sources)
    return()
  endif()
  add_library(sapwood_${layer} OBJECT ${sources})
  sapwood_public_usage(sapwood_${layer})
  sapwood_internal_usage(sapwood_${layer})
  target_sources(sapwood PRIVATE $<TARGET_OBJECTS:sapwood_${layer}>)
endfunction()

# Links the objects of `layer` and of all layers below it into `target`, without the layers above.
function(sapwood_link_layers_up_to target layer)
  if(TARGET sapwood_sim AND NOT layer STREQUAL "base")
    target_link_libraries(${target} PRIVATE sapwood_sim)
  endif()
  foreach(lower IN LISTS SAPWOOD_LAYERS)
    if(TARGET sapwood_${lower})
      target_link_libraries(${target} PRIVATE sapwood_${lower})
    endif()
    if(lower STREQUAL layer)
      return()
    endif()
  endforeach()
endfunction()
