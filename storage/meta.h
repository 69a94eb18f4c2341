// The meta slots: what the last checkpoint was. docs/format.md, "Meta".
//
//   offset  size  field
//        0     8  magic
//        8     8  checksum        XXH3-64 of bytes [16, slot size)
//       16     4  format          kFormat
//       20     4  page size
//       24    24  feature masks   compatible, read-only compatible, incompatible
//       48    16  uuid
//       64     8  sequence        of the checkpoint; slot pair = sequence & 1
//       72     8  txn
//       80     8  page count
//       88     6  catalog root page
//       94     1  catalog height
//       95     1  0
//       96     4  catalog root birth
//      100     4  flags           1 clean, 2 log expected
//      104     8  catalog entries
//      112     8  replay lsn      recovery reads the log from here
//      120     8  log epoch
//      128     8  log stride      offset of the second segment in the log file
//      136     8  group count
//      144    16  hash key
//      160     8  created         microseconds since 1970
//      168     8  commit time     of txn
//      176     8  kept version    of the newest named snapshot, 0 if there is none
//      184    72  0
//      256        active copies   one bit a group: which of its two bitmap pages counts
// Invariants of a valid slot:
//   M1  magic, checksum and format are right, and the page size is the one that the slot's place implies
//   M2  page count <= max_pages(), is_page_count(page count), group count = group_count(page count)
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "os/file.h"
#include "storage/descriptor.h"
#include "storage/geometry.h"

namespace sapwood::storage {

inline constexpr char kMagic[8] = {'S', 'A', 'P', 'W', 'O', 'O', 'D', '\0'};
inline constexpr u32 kFormat = 1;
// Features that who does not know them may read a file with, but not write it.
inline constexpr u64 kKeepsVersions = 1;  // Meta::kept is not 0

struct Meta {
  u32 page_size = 0;
  u64 compatible = 0;
  u64 read_only_compatible = 0;
  u64 incompatible = 0;
  std::array<u8, 16> uuid{};
  u64 sequence = 0;
  TxnId txn = 0;
  u64 page_count = 0;
  CatalogRoot catalog;
  bool clean = false;
  bool log_expected = false;
  Lsn replay_lsn = 0;
  u64 log_epoch = 0;
  u64 log_stride = 0;
  std::array<u8, 16> hash_key{};
  i64 created_us = 0;
  i64 commit_time_us = 0;
  TxnId kept = 0;
  std::vector<bool> active;  // by group: the second bitmap copy counts

  u64 checksum_seed() const { return hash64(uuid.data(), uuid.size(), 0); }
  u64 hash_seed() const { return hash64(hash_key.data(), hash_key.size(), 0); }
};

// What the four slots of a file say.
struct MetaSlots {
  std::optional<Meta> newest;  // of all valid slots
  bool other_damaged = false;  // both slots of the other pair hold bytes, none valid: a newer checkpoint may be lost
  bool twin_damaged = false;   // one of the newest's two slots is not valid
};

// Reads and judges the slots. Throws not_a_database (no slot has the magic), newer_format (valid, but of a format or
// with features that this library does not know), corrupt (our magic, no valid slot).
MetaSlots read_metas(os::File& file);

// The meta of that sequence, if one of its two slots is valid.
std::optional<Meta> read_meta(os::File& file, const Geometry& geometry, u64 sequence);

// Writes both twins of the slot pair of `meta.sequence`. The caller syncs.
void write_meta(os::File& file, const Meta& meta);

// The version that a checkpoint made durable.
Descriptor descriptor_of(const Meta& meta);

std::string uuid_text(const std::array<u8, 16>& uuid);

}  // namespace sapwood::storage
