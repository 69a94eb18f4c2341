// What several processes write to one file so that every snapshot shows whether it is one of whole commits, and whether
// entries were lost, doubled or put in another order.
//
// Commit n of writer w appends w * kWriterStride + n to a list, and sets the counter of w to n and that of all to the
// list's size. write_forms adds n to a nested list that it drops and makes anew now and then, puts a compressed value,
// and one that is gone at once.
#pragma once

#include <map>

#include "base/types.h"
#include "sapwood/sapwood.h"

namespace sapwood::test {

inline constexpr i64 kWriterStride = 1'000'000'000;

// Adds the next commit of `writer`; its number is the result.
i64 write_next(WriteTxn& txn, i64 writer);

// Adds what shows commit `n` of `writer` in collections in collections and in values with a form.
void write_forms(WriteTxn& txn, i64 writer, i64 n);

// The number of each writer's last commit. Throws Disagreement if the snapshot is not of whole commits.
std::map<i64, i64> require_whole(const ReadTxn& snapshot);

}  // namespace sapwood::test
