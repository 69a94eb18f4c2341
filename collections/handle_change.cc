// detail::Handle: changing one collection.
#include <vector>

#include "collections/atomic_change.h"
#include "collections/nested_value.h"
#include "collections/scan.h"

namespace sapwood::detail {

using collections::AtomicChange;
using collections::CollectionTree;
using collections::deliver;
using collections::EntryReader;
using collections::HandleState;
using collections::Location;
using collections::OpenCollection;
using collections::ScanCursor;
using collections::WriteSession;

namespace {

constexpr std::size_t kErasedTogether = 256;
constexpr std::size_t kBlockBytes = 64 << 10;  // of values, an operation of the redo log

Receiver into(std::string& value) {
  return {&value, [](void* to, std::string_view bytes) { static_cast<std::string*>(to)->assign(bytes); }};
}

}  // namespace

bool Handle::put(std::string_view key, std::string_view value, const EntryTimes& times) {
  HandleState& state = checked();
  state.require_keys();
  state.require_times(times);
  return state.write([&](WriteSession& session, OpenCollection& map) { return session.put(map, key, value, times); });
}

bool Handle::put_if_absent(std::string_view key, std::string_view value) {
  HandleState& state = checked();
  state.require_keys();
  return state.write([&](WriteSession& session, OpenCollection& map) {
    return !session.contains(map, key) && session.put(map, key, value);
  });
}

bool Handle::erase(std::string_view key) {
  HandleState& state = checked();
  state.require_keys();
  return state.write([&](WriteSession& session, OpenCollection& map) { return session.erase(map, key); });
}

void Handle::update(std::string_view key, Updater updater) {
  HandleState& state = checked();
  state.require_keys();
  state.write([&](WriteSession& session, OpenCollection& map) {
    session.check_changeable(map);
    std::optional<std::string> old(std::in_place);
    if (!collections::read_value(session.view(map), key, into(*old))) old.reset();
    const EntryTimes times = session.kept_times(map, key);
    const std::optional<std::string_view> value = updater.call(updater.self, old);
    if (value) session.put(map, key, *value, times);
    else if (old) session.erase(map, key);
    return true;
  });
}

void Handle::update_at(u64 index, Updater updater) {
  HandleState& state = checked();
  state.require_list();
  state.write([&](WriteSession& session, OpenCollection& list) {
    session.check_changeable(list);
    if (index >= list.record.root.count) state.throw_past_end(index, list.record.root.count);
    std::string old;
    deliver(session.view(list), session.reader(list).at(index), into(old));
    const std::optional<std::string_view> value = updater.call(updater.self, old);
    if (value) session.set(list, index, *value);
    else session.erase_items(list, index, 1);
    return true;
  });
}

u64 Handle::erase(const KeyInterval& interval) {
  HandleState& state = checked();
  state.require_order();
  return state.write([&](WriteSession& session, OpenCollection& map) {
    return session.erase_interval(map, interval.low, interval.high);
  });
}

void Handle::insert(u64 index, std::string_view value) {
  HandleState& state = checked();
  state.require_list();
  state.write([&](WriteSession& session, OpenCollection& list) {
    session.insert(list, index, value);
    return true;
  });
}

void Handle::append(std::string_view value) {
  HandleState& state = checked();
  state.require_list();
  state.write([&](WriteSession& session, OpenCollection& list) {
    session.insert(list, list.record.root.count, value);
    return true;
  });
}

void Handle::set(u64 index, std::string_view value) {
  HandleState& state = checked();
  state.require_list();
  state.write([&](WriteSession& session, OpenCollection& list) {
    session.set(list, index, value);
    return true;
  });
}

void Handle::append_items(std::string_view values) {
  AtomicChange change(*this);
  HandleState& state = *change.handle().state();
  state.require_list();
  state.require_fixed();
  const std::size_t width = state.record().shape.value_width;
  const std::size_t together = kBlockBytes / width * width;
  for (; !values.empty(); values.remove_prefix(std::min(together, values.size()))) {
    change.session().append_values(change.collection(), values.substr(0, together));
  }
  change.finish();
}

void Handle::swap_erase(u64 index) {
  HandleState& state = checked();
  state.require_list();
  state.write([&](WriteSession& session, OpenCollection& list) {
    session.check_changeable(list);
    const u64 size = list.record.root.count;
    if (index >= size) state.throw_past_end(index, size);
    if (list.record.owns_collections) {  // an item that is a collection cannot be set
      session.erase_items(list, index, 1);
      if (index + 1 != size) session.move_item(list, size - 2, index);
      return true;
    }
    if (index + 1 != size) {
      std::string last;
      deliver(session.view(list), session.reader(list).at(size - 1), into(last));
      session.set(list, index, last);
    }
    session.erase_items(list, size - 1, 1);
    return true;
  });
}

void Handle::erase_at(u64 first, u64 count) {
  HandleState& state = checked();
  state.require_list();
  state.write([&](WriteSession& session, OpenCollection& list) {
    session.erase_items(list, first, count);
    return true;
  });
}

bool Handle::pop(bool front, Receiver key, Receiver value) {
  HandleState& state = checked();
  return state.write([&](WriteSession& session, OpenCollection& collection) {
    session.check_usable(collection);
    if (collection.record.form.may_expire()) {
      while (session.reclaim(collection, kErasedTogether) != 0) continue;
    }
    const u64 size = collection.record.root.count;
    if (size == 0) return false;
    const u64 index = front ? 0 : size - 1;
    if (!collection.record.types.has_keys()) {
      deliver(session.view(collection), session.reader(collection).at(index), value);
      session.erase_items(collection, index, 1);
      return true;
    }
    const CollectionTree tree = session.view(collection);
    tree::Cursor cursor(tree);
    cursor.seek_index(index);
    EntryReader entry;
    entry.read(cursor, tree);
    if (key.take != nullptr) key.take(key.to, entry.key());
    if (value.take != nullptr) value.take(value.to, entry.value());
    return session.erase(collection, std::string(entry.key()));
  });
}

void Handle::clear() {
  checked().write([&](WriteSession& session, OpenCollection& collection) {
    session.clear(collection);
    return true;
  });
}

namespace {

// Positions [first, first + count) of a scan.
struct Run {
  u64 first;
  u64 count;
};

// Those of a list that pass, from the cursor on, as runs; some of them, so that memory is bounded.
std::vector<Run> next_runs(ScanCursor& scan, EntryTest test) {
  std::vector<Run> runs;
  EntryReader entry;
  const CollectionTree tree = scan.scan().tree();
  for (tree::Cursor& cursor = scan.at(); cursor.valid(); cursor.next()) {
    entry.read(cursor, tree);
    if (!test.ask(test.self, {}, entry.value())) continue;
    if (!runs.empty() && runs.back().first + runs.back().count == cursor.index()) {
      ++runs.back().count;
    } else if (runs.size() == kErasedTogether) {
      break;
    } else {
      runs.push_back({cursor.index(), 1});
    }
  }
  return runs;
}

u64 erase_items_if(AtomicChange& change, EntryTest test) {
  ScanCursor scan(change.handle().all().scan);
  u64 erased = 0;
  for (std::vector<Run> runs; !(runs = next_runs(scan, test)).empty();) {
    for (const Run& run : runs) {
      change.session().erase_items(change.collection(), run.first - erased, run.count);
      erased += run.count;
    }
  }
  return erased;
}

std::vector<std::string> next_keys(ScanCursor& scan, EntryTest test) {
  std::vector<std::string> keys;
  EntryReader entry;
  const CollectionTree tree = scan.scan().tree();
  for (tree::Cursor& cursor = scan.at(); cursor.valid() && keys.size() < kErasedTogether; cursor.next()) {
    entry.read(cursor, tree);
    if (!entry.expired() && test.ask(test.self, entry.key(), entry.value())) keys.emplace_back(entry.key());
  }
  return keys;
}

u64 erase_keys_if(AtomicChange& change, EntryTest test) {
  ScanCursor scan(change.handle().all().scan);
  u64 erased = 0;
  for (std::vector<std::string> keys; !(keys = next_keys(scan, test)).empty();) {
    for (const std::string& key : keys) change.session().erase(change.collection(), key);
    erased += keys.size();
  }
  return erased;
}

}  // namespace

u64 Handle::erase_if(EntryTest test) {
  const bool is_list = !checked().record().types.has_keys();
  AtomicChange change(*this);
  const u64 erased = is_list ? erase_items_if(change, test) : erase_keys_if(change, test);
  change.finish();
  return erased;
}

}  // namespace sapwood::detail
