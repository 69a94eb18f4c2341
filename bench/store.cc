#include "bench/store.h"

#include <stdexcept>

namespace bench {

void require(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

std::vector<std::optional<std::string>> Session::get_many(std::span<const std::string_view> keys) {
  std::vector<std::optional<std::string>> values;
  values.reserve(keys.size());
  for (const std::string_view key : keys) {
    const std::optional<std::string_view> value = get(key);
    values.emplace_back(value ? std::optional<std::string>(*value) : std::nullopt);
  }
  return values;
}

void Session::put_one(std::string_view key, std::string_view value) {
  begin_write();
  put(key, value);
  commit();
}

bool Session::get_one(std::string_view key, std::string& value) {
  begin_read();
  const std::optional<std::string_view> found = get(key);
  if (found) value.assign(*found);
  end_read();
  return found.has_value();
}

}  // namespace bench
