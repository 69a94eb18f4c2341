// One operation on one face.
#include <algorithm>

#include "base/hash.h"
#include "tests/support/executor.h"

namespace sapwood::test {

namespace {

std::string words(const std::optional<std::string>& bytes) {
  if (!bytes) return "none";
  return std::to_string(bytes->size()) + ":" + std::to_string(hash64(bytes->data(), bytes->size(), 0));
}
std::string words(const Entry& entry) {
  return words(std::optional(entry.first)) + "=" + words(std::optional(entry.second));
}
std::string words(const std::vector<Entry>& entries) {
  std::string text;
  for (const Entry& entry : entries) text += words(entry) + " ";
  return text;
}

std::vector<Entry> make_entries(const Operation& operation, const KnownCollection& known, const Scale& scale,
                                u64 count) {
  std::vector<Entry> entries;
  for (u64 i = 0; i < count; ++i) {
    std::string value = make_value(known.types.value, operation.size + i * 67, operation.seed + i, scale);
    std::string key;
    if (known.types.has_keys()) key = make_key(known.types.key, operation.place + i * 3, scale);
    entries.emplace_back(std::move(key), std::move(value));
  }
  return entries;
}

std::string bulk_load(const Operation& operation, const KnownCollection& known, const Scale& scale, Face& face) {
  std::vector<Entry> entries =
      make_entries(operation, known, scale, 10 + operation.place % std::min<u64>(scale.keys, 300));
  if (known.types.has_keys()) {
    std::ranges::sort(entries, {}, &Entry::first);
    const auto repeated = std::ranges::unique(entries, {}, &Entry::first);
    entries.erase(repeated.begin(), repeated.end());
  }
  face.clear();
  face.bulk_load(entries);
  return std::to_string(face.size());
}

// Makes a new value of the old one; one in five is none.
Face::Change change_of(const Operation& operation, const KnownCollection& known, const Scale& scale) {
  return [&](const std::optional<std::string>& old) -> std::optional<std::string> {
    const u64 told = old ? hash64(old->data(), old->size(), 1) : 0;
    if ((operation.seed + told) % 5 == 0) return std::nullopt;
    return make_value(known.types.value, operation.size + told, operation.seed + told, scale);
  };
}

u64 erase_one_in_eight(const Operation& operation, Face& face) {
  return face.erase_if([&](const Entry& entry) {
    const u64 hash =
        hash64(entry.first.data(), entry.first.size(), 1) ^ hash64(entry.second.data(), entry.second.size(), 2);
    return hash % 8 == operation.seed % 8;
  });
}

std::string combine(const Operation& operation, const KnownCollection& known, const Scale& scale, Face& face) {
  // Keys that are kept are many, or hardly any would stay.
  const auto change = static_cast<SetChange>(operation.seed % 4);
  const u64 count = change == SetChange::retain ? scale.keys * 2 / 3 : operation.size % 65;
  face.combine(change, make_entries(operation, known, scale, count));
  return std::to_string(face.size());
}

std::string perform_on_map(const Operation& operation, const KnownCollection& known, const Scale& scale, Face& face) {
  const std::string key = make_key(known.types.key, operation.place, scale);
  switch (operation.kind) {
    case OperationKind::pop:
      if (known.types.is_sorted()) {
        const std::optional<Entry> popped = face.pop_end(operation.seed % 2 == 0);
        return popped ? words(*popped) : "none";
      }
      return std::to_string(face.erase(key));
    case OperationKind::erase: return std::to_string(face.erase(key));
    case OperationKind::combine: return combine(operation, known, scale, face);
    case OperationKind::update:
      if (!known.types.has_values()) return combine(operation, known, scale, face);
      return words(face.update(key, change_of(operation, known, scale)));
    case OperationKind::erase_range: {
      if (!known.types.is_sorted()) return std::to_string(face.erase(key));
      const std::string other = make_key(known.types.key, operation.place / 7, scale);
      return std::to_string(face.erase_between(std::min(key, other), std::max(key, other)));
    }
    default: break;
  }
  if (operation.kind != OperationKind::put || operation.seed % 8 != 0) {
    return std::to_string(face.put(key, make_value(known.types.value, operation.size, operation.seed, scale)));
  }
  return std::to_string(face.put_if_absent(key, make_value(known.types.value, operation.size, operation.seed, scale)));
}

std::string change_fields(const Operation& operation, const KnownCollection& known, const Scale& scale, u64 index,
                          Face& face) {
  const std::string name = field_name(operation.size);
  if (operation.seed % 3 == 0) return std::to_string(face.drop_field(index, name));
  if (operation.seed % 16 == 1) return std::to_string(face.drop_field(std::nullopt, name));
  face.merge_fields(index, make_value(known.types.value, operation.size, operation.seed, scale));
  return "";
}

std::string perform_on_list(const Operation& operation, const KnownCollection& known, const Scale& scale, Face& face) {
  const u64 size = face.size();
  const u64 index = size == 0 ? 0 : operation.place % size;
  switch (operation.kind) {
    case OperationKind::erase:
      if (operation.seed % 4 == 0) face.swap_erase(index);
      else face.erase_items(index, 1);
      return "";
    case OperationKind::erase_range:
      face.erase_items(index, std::min(size - index, operation.size % std::max<u64>(size / 2, 20)));
      return "";
    case OperationKind::pop: return words(face.pop(operation.seed % 2 == 0));
    case OperationKind::combine: return change_fields(operation, known, scale, index, face);
    case OperationKind::update: return words(face.update_at(index, change_of(operation, known, scale)));
    case OperationKind::assign:
      face.assign(index, std::min(size - index, operation.size % 21),
                  make_entries(operation, known, scale, operation.size / 21 % 21));
      return std::to_string(face.size());
    default: break;
  }
  const std::string value = make_value(known.types.value, operation.size, operation.seed, scale);
  if (operation.kind == OperationKind::push_back) face.push_back(value);
  else if (operation.kind == OperationKind::set) face.set(index, value);
  else face.insert(operation.place % (size + 1), value);
  return std::to_string(face.size());
}

template <class Function>
std::string with_errors(Function&& function) {
  try {
    return function();
  } catch (const Error& error) {
    switch (error.code()) {
      case ErrorCode::out_of_range:
      case ErrorCode::too_long:
      case ErrorCode::invalid_argument: return error_code_name(error.code());
      default: throw;
    }
  }
}

}  // namespace

std::string perform(const Operation& operation, const KnownCollection& known, const Scale& usual, Face& face) {
  const Scale scale = scale_of(usual, known.types);
  return with_errors([&]() -> std::string {
    Operation adapted = operation;
    const bool adds = operation.kind != OperationKind::erase && operation.kind != OperationKind::pop &&
                      operation.kind != OperationKind::clear && operation.kind != OperationKind::erase_if;
    if (adds && face.size() >= scale.max_items) adapted.kind = OperationKind::erase_range;
    switch (adapted.kind) {
      case OperationKind::clear: face.clear(); return std::to_string(face.size());
      case OperationKind::extend:
        if (!known.types.has_keys() && operation.seed % 2 == 0) {
          face.insert_range(operation.place % (face.size() + 1),
                            make_entries(operation, known, scale, operation.size % 65));
        } else {
          face.extend(make_entries(operation, known, scale, operation.size % 65));
        }
        return std::to_string(face.size());
      case OperationKind::bulk_load: return bulk_load(adapted, known, scale, face);
      case OperationKind::erase_if: return std::to_string(erase_one_in_eight(adapted, face));
      default: break;
    }
    return !known.types.has_keys() ? perform_on_list(adapted, known, scale, face)
                                   : perform_on_map(adapted, known, scale, face);
  });
}

std::string perform_read(const Operation& operation, const KnownCollection& known, const Scale& usual,
                         const Face& face) {
  const Scale scale = scale_of(usual, known.types);
  return with_errors([&]() -> std::string {
    const u64 size = face.size();
    if (known.types.kind == CollectionKind::records && operation.seed % 5 == 0) {
      std::string text;
      for (const auto& value : face.column(field_name(operation.size))) text += words(value) + " ";
      return text;
    }
    if (!known.types.has_keys() || operation.seed % 4 == 0) {
      const u64 index = operation.place % (size + 1);
      if (operation.seed % 3 != 0) return words(face.at(index));
      return words(face.entries(index, std::min(size - index, operation.size % 32), operation.seed % 2 == 0));
    }
    const std::string key = make_key(known.types.key, operation.place, scale);
    const std::string other = make_key(known.types.key, operation.place + operation.size % 64, scale);
    if (!known.types.is_sorted()) return words(face.get(key));
    switch (operation.seed / 4 % 6) {
      case 0: return std::to_string(face.rank(key));
      case 1: return std::to_string(face.count(std::min(key, other), std::max(key, other)));
      case 2: return words(face.between(std::min(key, other), std::max(key, other), operation.seed % 2 == 0));
      case 3: {
        const auto found = face.near(static_cast<detail::Near>(operation.size % 6), key);
        return found ? words(*found) : "none";
      }
      default: return words(face.get(key));
    }
  });
}

}  // namespace sapwood::test
