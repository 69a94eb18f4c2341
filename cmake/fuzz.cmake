# libFuzzer targets: each fuzz/*_fuzz.cc is an executable in <build>/fuzz; other fuzz/*.cc
# and tests/support are shared by all.
file(GLOB fuzz_programs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/*_fuzz.cc)
sapwood_glob(fuzz_sources fuzz/*.cc tests/support/*.cc)
list(FILTER fuzz_sources EXCLUDE REGEX "_fuzz\\.cc$")

add_library(sapwood_fuzz_support STATIC ${fuzz_sources})
sapwood_internal_usage(sapwood_fuzz_support)
target_link_libraries(sapwood_fuzz_support PUBLIC sapwood_sim sapwood)

foreach(source IN LISTS fuzz_programs)
  cmake_path(GET source STEM name)
  add_executable(${name} ${source})
  sapwood_internal_usage(${name})
  target_link_libraries(${name} PRIVATE sapwood_fuzz_support sapwood_cli_base)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
endforeach()
