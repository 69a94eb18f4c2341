# Tests. <layer>/*_test.cc form <layer>_tests, linked with that layer and those below it; each tests/x_test.cc is its own
# executable x_test over the whole library. A file *_slow_test.cc gets the ctest label `slow`.
include(GoogleTest)
find_package(GTest REQUIRED)
find_package(rapidcheck REQUIRED)

# Files whose tests use fail points need them in the library (SAPWOOD_FAIL_POINTS). With the thread sanitizer only files
# with thread tests are built: those that say Thread.
function(sapwood_filter_tests list)
  if(NOT SAPWOOD_FAIL_POINTS)
    foreach(source IN LISTS ${list})
      file(STRINGS ${source} found REGEX "base/fail_point.h" LIMIT_COUNT 1)
      if(found)
        list(REMOVE_ITEM ${list} ${source})
      endif()
    endforeach()
    set(${list} ${${list}} PARENT_SCOPE)
  endif()
  if(NOT SAPWOOD_SANITIZE MATCHES thread)
    return()
  endif()
  set(kept)
  foreach(source IN LISTS ${list})
    file(STRINGS ${source} found REGEX Thread LIMIT_COUNT 1)
    if(found)
      list(APPEND kept ${source})
    endif()
  endforeach()
  set(${list} ${kept} PARENT_SCOPE)
endfunction()

# Makes the GoogleTest executable `name` of the given sources; the caller links what it tests.
function(sapwood_add_test_executable name)
  add_executable(${name} ${ARGN})
  sapwood_internal_usage(${name})
  target_compile_options(${name} PRIVATE -Wno-shadow)  # GoogleTest's macros have names of their own, such as `info`
  target_link_libraries(${name} PRIVATE GTest::gtest GTest::gtest_main)
  set(properties TIMEOUT 240)
  if(name MATCHES "slow_tests?$")
    set(properties TIMEOUT 900 LABELS slow)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
  # The tests that write through the engine run with the other page writer too (storage/testing_page_writes.h): on
  # simulated disks the usual one makes calls, on real ones it mostly stores to a map.
  if(SAPWOOD_SANITIZE AND name MATCHES "^(crash|fault|oracle|corrupt|alloc)_test$")
    return()  # those of the layers and the models show a sanitizer the same code
  elseif(name MATCHES "^(storage_tests|(model|crash|crash_slow|fault|oracle|corrupt|alloc)_test)$")
    set(other mapped)
  elseif(name MATCHES "^(db_tests|threads_test|process_test)$")
    set(other calls)
  else()
    return()
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 TEST_SUFFIX ".${other}" TEST_LIST ${name}_${other}
                       PROPERTIES ${properties} ENVIRONMENT SAPWOOD_PAGE_WRITES=${other})
endfunction()

foreach(layer IN LISTS SAPWOOD_LAYERS)
  foreach(kind IN ITEMS "" "_slow")
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${layer}/*${kind}_test.cc)
    if(NOT kind)
      list(FILTER sources EXCLUDE REGEX "_slow_test\\.cc$")
    endif()
    sapwood_filter_tests(sources)
    if(sources)
      sapwood_add_test_executable(${layer}${kind}_tests ${sources})
      sapwood_link_layers_up_to(${layer}${kind}_tests ${layer})
    endif()
  endforeach()
endforeach()

if(TARGET collections_tests)
  target_link_libraries(collections_tests PRIVATE rapidcheck)  # codec_random_test.cc
endif()

sapwood_glob(support_sources tests/support/*.cc tests/explorer/*.cc fuzz/*.cc)
list(FILTER support_sources EXCLUDE REGEX "_fuzz\\.cc$")
if(support_sources)
  add_library(sapwood_test_support STATIC ${support_sources})
  sapwood_internal_usage(sapwood_test_support)
  target_link_libraries(sapwood_test_support PUBLIC GTest::gtest)
  if(TARGET sapwood_sim)
    target_link_libraries(sapwood_test_support PUBLIC sapwood_sim)
  endif()
  target_link_libraries(sapwood_test_support PUBLIC sapwood)
endif()

file(GLOB whole_engine_tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*_test.cc)
sapwood_filter_tests(whole_engine_tests)
foreach(source IN LISTS whole_engine_tests)
  cmake_path(GET source STEM name)
  sapwood_add_test_executable(${name} ${source})
  foreach(library IN ITEMS sapwood_test_support sapwood_sim)
    if(TARGET ${library})
      target_link_libraries(${name} PRIVATE ${library})
    endif()
  endforeach()
  target_link_libraries(${name} PRIVATE sapwood)
  target_compile_definitions(${name} PRIVATE SAPWOOD_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             SAPWOOD_BUILD_DIR="${PROJECT_BINARY_DIR}")
  if(name MATCHES "^(cli|script)" AND TARGET sapwood_cli)
    target_compile_definitions(${name} PRIVATE SAPWOOD_COMMAND="$<TARGET_FILE:sapwood_cli>")
    add_dependencies(${name} sapwood_cli)
  endif()
endforeach()

if(SAPWOOD_SANITIZE MATCHES thread)
  return()
endif()

# Makes golden files, once a format version; not run by tests.
add_executable(write_golden tests/golden/write_golden.cc)
sapwood_internal_usage(write_golden)
target_link_libraries(write_golden PRIVATE sapwood_test_support sapwood_sim sapwood)

# Makes the kept inputs of fuzz targets that are the sample database; not run by tests.
add_executable(write_fuzz_samples tests/fuzz_corpus/write_samples.cc)
sapwood_internal_usage(write_fuzz_samples)
target_link_libraries(write_fuzz_samples PRIVATE sapwood_test_support sapwood_sim sapwood)

# Writes on disks that tools/device_mapper.sh makes fail; here on one that works.
add_executable(power_cut tests/power_cut/main.cc)
sapwood_compile_options(power_cut)
target_link_libraries(power_cut PRIVATE sapwood)
add_test(NAME power_cut COMMAND sh -c "rm -f power_cut.sapwood* && for i in 1 2; do ./power_cut write power_cut.sapwood 60; done && ./power_cut check power_cut.sapwood 120"
         WORKING_DIRECTORY ${PROJECT_BINARY_DIR})

# Each fuzz target on its kept inputs, built by any compiler.
file(GLOB fuzz_programs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/*_fuzz.cc)
foreach(source IN LISTS fuzz_programs)
  cmake_path(GET source STEM name)
  if(name STREQUAL "import_fuzz" AND NOT TARGET sapwood_cli_base)
    continue()
  endif()
  add_executable(${name}_corpus ${source} tests/fuzz_corpus/main.cc)
  sapwood_internal_usage(${name}_corpus)
  target_link_libraries(${name}_corpus PRIVATE $<TARGET_NAME_IF_EXISTS:sapwood_cli_base> sapwood_test_support sapwood_sim sapwood)
  add_test(NAME fuzz_corpus.${name} COMMAND ${name}_corpus ${PROJECT_SOURCE_DIR}/fuzz/corpus/${name})
endforeach()

# --- Tests of the source and of the package ---------------------------------------------------------------------------

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME style COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/check_style.py)
add_test(NAME style_checker COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/check_style_test.py)
add_test(NAME bench_plots COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/plot_bench_test.py)
add_test(NAME replay_writes COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/replay_writes_test.py)

# No layer but os calls the kernel: read off the compiled objects of each.
foreach(layer IN LISTS SAPWOOD_LAYERS)
  if(TARGET sapwood_${layer})
    add_test(NAME kernel_calls.${layer}
             COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/check_kernel_calls.py ${layer}
                     $<TARGET_OBJECTS:sapwood_${layer}>
             COMMAND_EXPAND_LISTS)
  endif()
endforeach()

include(tests/headers/headers.cmake)

if(TARGET example_hello)
  add_test(NAME example.hello
           COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:example_hello> -D FOLDER=${PROJECT_BINARY_DIR}/example_hello
                   -P ${PROJECT_SOURCE_DIR}/cmake/run_in_clean_folder.cmake)
  set_tests_properties(example.hello PROPERTIES PASS_REGULAR_EXPRESSION "H 1.008\nO 15.999\nethanol of 2\n"
                       FAIL_REGULAR_EXPRESSION "CMake Error")
endif()

# The other small ones print what examples/expected/ says.
file(GLOB expected_outputs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/expected/*.txt)
foreach(expected IN LISTS expected_outputs)
  cmake_path(GET expected STEM name)
  if(NOT TARGET example_${name})
    continue()
  endif()
  add_test(NAME example.${name}
           COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:example_${name}>
                   -D FOLDER=${PROJECT_BINARY_DIR}/example_${name} -D EXPECTED=${expected}
                   -P ${PROJECT_SOURCE_DIR}/cmake/compare_output.cmake)
endforeach()

if(TARGET example_packages)
  add_test(NAME example.packages COMMAND example_packages --sample)  # also kills a writer, and counts
  set_tests_properties(example.packages PROPERTIES TIMEOUT 120)
endif()

# A user's project, against an installed copy. Not with sanitizers or a cross compiler: those flags would be the user's
# to give.
if(NOT SAPWOOD_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
  add_test(NAME consumer
           COMMAND ${CMAKE_COMMAND} -D BUILD=${PROJECT_BINARY_DIR} -D SOURCE=${PROJECT_SOURCE_DIR}/tests/consumer
                   -D COMPILER=${CMAKE_CXX_COMPILER} -D LIBDIR=${CMAKE_INSTALL_LIBDIR}
                   -P ${PROJECT_SOURCE_DIR}/tests/consumer/run.cmake)
  set_tests_properties(consumer PROPERTIES TIMEOUT 240)
endif()
