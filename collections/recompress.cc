#include "collections/recompress.h"

#include <vector>

#include "collections/entry_reader.h"
#include "collections/scan.h"
#include "sapwood/detail/batch.h"
#include "tree/cursor.h"

namespace sapwood::collections {
namespace {

constexpr u64 kRewrittenTogether = 4096;
constexpr u64 kReadTogether = 256 << 10;  // bytes

class Recompression {
 public:
  Recompression(const std::shared_ptr<Environment>& environment, const std::string& name, const Progress& progress)
      : environment_(environment), name_(name), progress_(progress) {}

  void run(std::optional<u8> level) {
    if (switch_on(level)) return;
    begin(level);
    while (!step()) continue;
  }

 private:
  [[noreturn]] void throw_absent() const {
    throw Error(ErrorCode::not_found, "there is no collection '" + name_ + "'; it may have been dropped meanwhile");
  }
  void tell() const {
    if (progress_ && !progress_(done_, size_)) throw Error(ErrorCode::cancelled, "compressing anew was cancelled");
  }

  // Calls `function(session, collection)` in a transaction of its own.
  template <class Function>
  auto write(Function&& function) {
    WriteState state(environment_, environment_->begin_automatic(name_));
    OpenCollection* collection = id_ != 0 ? state.session().find(id_) : state.session().find(name_);
    if (collection == nullptr) throw_absent();
    const auto result = function(state.session(), *collection);
    state.commit(environment_->engine().options().durability);
    return result;
  }

  // Of a collection without compression: loads it anew with it. False if it has it.
  bool switch_on(std::optional<u8> level) {
    const auto state = std::make_shared<WriteState>(environment_, environment_->begin_automatic(name_));
    OpenCollection* collection = state->session().find(name_);
    if (collection == nullptr) throw_absent();
    const ValueForm& form = collection->record.form;
    if (form.dictionaries != 0) return false;
    if (level == 0) return true;
    CollectionOptions options = options_of(form);
    options.compression = level.value_or(0);
    if (!level) throw Error(ErrorCode::invalid_argument, "'" + name_ + "' is not compressed: say at which level to");
    const CollectionOptions complete = complete_options(name_, collection->record.types, options);
    const detail::Handle handle(std::make_shared<HandleState>(state, *collection));
    load_anew(handle, form_of(complete, WriteSession::kNewId));
    state->commit(environment_->engine().options().durability);
    return true;
  }

  void load_anew(const detail::Handle& handle, const ValueForm& form) {
    const detail::Section before = handle.all();
    handle.state()->write_state()->session().reform(*handle.state()->open_collection(), form);
    const bool is_list = !handle.types().has_keys();
    detail::Batch batch = is_list ? detail::Batch::appending(handle) : detail::Batch(handle, detail::Batch::Mode::bulk);
    ScanCursor scan(before.scan);
    size_ = before.last;
    std::vector<Entry> entries;
    while (!(entries = next_entries(scan)).empty()) {
      for (const Entry& entry : entries) {
        batch.add(entry.key, entry.value, {.time_us = entry.times.time_us, .expiry_us = entry.times.expiry_us});
      }
      done_ += entries.size();
      tell();
    }
    batch.finish();
  }

  struct Entry {
    std::string key;
    std::string value;
    StoredTimes times;
  };
  // Some entries, so that memory is bounded.
  static std::vector<Entry> next_entries(ScanCursor& scan) {
    std::vector<Entry> entries;
    EntryReader entry;
    u64 bytes = 0;
    const CollectionTree tree = scan.scan().tree();
    for (tree::Cursor& cursor = scan.at(); cursor.valid() && bytes < kReadTogether; cursor.next()) {
      entry.read(cursor, tree);
      entries.push_back({std::string(entry.key()), std::string(entry.value()), entry.times()});
      bytes += entry.key().size() + entry.value().size() + sizeof(Entry);
    }
    return entries;
  }

  void begin(std::optional<u8> level) {
    id_ = write([&](WriteSession& session, OpenCollection& collection) {
      session.set_level(collection, level.value_or(collection.record.form.level));
      if (collection.record.form.level != 0) session.add_dictionary(collection, session.sample_values(collection));
      return collection.record.id;
    });
  }

  // The next transaction; true if it was the last one.
  bool step() {
    const bool is_last = write([&](WriteSession& session, OpenCollection& collection) {
      const bool done =
          collection.record.types.has_keys() ? rewrite_keys(session, collection) : rewrite_items(session, collection);
      if (done) session.forget_old_dictionaries(collection);
      return done;
    });
    tell();
    return is_last;
  }

  // From the last key on: entries that others put meanwhile are compressed as they should be.
  bool rewrite_keys(WriteSession& session, OpenCollection& collection) {
    std::vector<std::string> keys;
    const CollectionTree tree = session.view(collection);
    size_ = tree.size();
    tree::Cursor cursor(tree);
    EntryReader entry;
    if (last_key_) cursor.seek_key(*last_key_, true);
    else cursor.seek_first();
    for (; cursor.valid() && keys.size() < kRewrittenTogether; cursor.next()) {
      entry.read(cursor, tree);
      keys.emplace_back(entry.key());
      last_key_ = cursor.key();
    }
    const bool done = !cursor.valid();
    for (const std::string& key : keys) session.rewrite(collection, key);
    done_ += keys.size();
    return done;
  }

  bool rewrite_items(WriteSession& session, OpenCollection& collection) {
    size_ = collection.record.root.count;
    for (done_ = 0; done_ < size_; ++done_) session.rewrite(collection, done_);
    return true;
  }

  const std::shared_ptr<Environment>& environment_;
  const std::string& name_;
  const Progress& progress_;
  u64 id_ = 0;
  std::optional<std::string> last_key_;  // of the tree
  u64 done_ = 0;
  u64 size_ = 0;
};

}  // namespace

void recompress(const std::shared_ptr<Environment>& environment, const std::string& name, std::optional<u8> level,
                const Progress& progress) {
  Recompression(environment, name, progress).run(level);
}

}  // namespace sapwood::collections
