// Place: where a collection stands, for WriteTxn::move. A name; or a key of a map, a position of a list, as place() of
// those tells.
#pragma once

#include "sapwood/detail/handle.h"

namespace sapwood {

class Place {
 public:
  Place(std::string_view name) : key_(name) {}    // NOLINT(google-explicit-constructor): a name is a place
  Place(const char* name) : key_(name) {}         // NOLINT(google-explicit-constructor)
  Place(const std::string& name) : key_(name) {}  // NOLINT(google-explicit-constructor)
  Place(detail::Handle parent, std::string_view key) : parent_(std::move(parent)), in_(In::map), key_(key) {}
  Place(detail::Handle parent, std::uint64_t index) : parent_(std::move(parent)), in_(In::list), index_(index) {}

  // What of them counts.
  enum class In { database, map, list };
  In in() const { return in_; }
  const detail::Handle& parent() const { return parent_; }
  const std::string& key() const { return key_; }  // the key's bytes, or the name
  std::uint64_t index() const { return index_; }

 private:
  detail::Handle parent_;
  In in_ = In::database;
  std::string key_;
  std::uint64_t index_ = 0;
};

}  // namespace sapwood
