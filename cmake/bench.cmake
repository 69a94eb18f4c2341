# Benchmarks: store_bench measures Sapwood beside the stores that are installed. bench/store_<peer>.cc is built if its
# library is found; a missing one is said and left out. list_soak is a part of `make soak`.
function(sapwood_add_bench name)
  add_executable(${name} ${ARGN})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE Sapwood::sapwood)
  sapwood_compile_options(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
endfunction()

set(bench_folder ${PROJECT_SOURCE_DIR}/bench)
sapwood_glob(bench_sources bench/*.cc)
list(FILTER bench_sources EXCLUDE REGEX "/(store_[^/]*|list_soak)\\.cc$")
sapwood_add_bench(store_bench ${bench_sources} ${bench_folder}/store_bench.cc)
sapwood_add_bench(list_soak ${bench_folder}/list_soak.cc ${bench_folder}/harness.cc ${bench_folder}/store.cc)

set(bench_missing)
set(bench_declarations)
set(bench_calls)
# sapwood_bench_peer(<peer> [<header> <library>]): bench/store_<peer>.cc, which defines add_<peer>(). The order is that
# of the tables.
function(sapwood_bench_peer peer)
  if(ARGC GREATER 1)
    string(TOUPPER BENCH_${peer} prefix)
    find_path(${prefix}_INCLUDE_DIR ${ARGV1})
    find_library(${prefix}_LIBRARY ${ARGV2})
    mark_as_advanced(${prefix}_INCLUDE_DIR ${prefix}_LIBRARY)
    if(NOT ${prefix}_INCLUDE_DIR OR NOT ${prefix}_LIBRARY)
      set(bench_missing ${bench_missing} ${peer} PARENT_SCOPE)
      return()
    endif()
    target_include_directories(store_bench SYSTEM PRIVATE ${${prefix}_INCLUDE_DIR})
    target_link_libraries(store_bench PRIVATE ${${prefix}_LIBRARY})
  endif()
  target_sources(store_bench PRIVATE ${bench_folder}/store_${peer}.cc)
  set(bench_declarations "${bench_declarations}void add_${peer}(Peers& peers);\n" PARENT_SCOPE)
  set(bench_calls "${bench_calls}  add_${peer}(peers);\n" PARENT_SCOPE)
endfunction()

sapwood_bench_peer(sapwood)
sapwood_bench_peer(lmdb lmdb.h lmdb)
sapwood_bench_peer(sqlite sqlite3.h sqlite3)
sapwood_bench_peer(rocksdb rocksdb/db.h rocksdb)
sapwood_bench_peer(leveldb leveldb/db.h leveldb)
sapwood_bench_peer(wiredtiger wiredtiger.h wiredtiger)
sapwood_bench_peer(bdb db.h db)
sapwood_bench_peer(tkrzw tkrzw_dbm_hash.h tkrzw)
sapwood_bench_peer(kyoto kchashdb.h kyotocabinet)
sapwood_bench_peer(memory)
if(bench_missing)
  list(JOIN bench_missing ", " bench_missing)
  message(STATUS "Not measured beside Sapwood, as not installed: ${bench_missing} (tools/setup.sh bench)")
endif()

file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/bench/all_peers.cc @ONLY CONTENT [[
// Made by cmake/bench.cmake: the peers that were found.
#include "bench/store.h"

namespace bench {

@bench_declarations@
Peers all_peers() {
  Peers peers;
@bench_calls@  return peers;
}

}  // namespace bench
]])
target_sources(store_bench PRIVATE ${PROJECT_BINARY_DIR}/bench/all_peers.cc)

# Every row on a few entries: each checks that all stores give the right values.
if(SAPWOOD_BUILD_TESTS)
  foreach(smoke IN ITEMS "store_bench --entries 1000 --rounds 1" "list_soak 200000 2000")
    separate_arguments(arguments UNIX_COMMAND ${smoke})
    list(POP_FRONT arguments program)
    add_test(NAME bench.${program} COMMAND ${program} ${arguments} WORKING_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
    set_tests_properties(bench.${program} PROPERTIES TIMEOUT 240)
  endforeach()
endif()
