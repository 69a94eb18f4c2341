#include "sapwood/any_value.h"

namespace sapwood {

bool AnyTuple::operator==(const AnyTuple& other) const { return parts == other.parts; }
bool AnyList::operator==(const AnyList& other) const { return items == other.items; }
bool AnyMap::operator==(const AnyMap& other) const { return entries == other.entries; }

const AnyValue* AnyMap::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    const auto* text = std::get_if<std::string>(&name);
    if (text != nullptr && *text == key) return &value;
  }
  return nullptr;
}

bool AnyValue::operator==(const AnyValue& other) const {
  const detail::AnyVariant& own = *this;
  const detail::AnyVariant& others = other;
  return own == others;
}

}  // namespace sapwood
