#include <sapwood/sapwood.h>

#include <ranges>

#include "bench/store.h"

namespace bench {
namespace {

using Text = std::string;

sapwood::Options options_of(const Setup& setup) {
  sapwood::Options options;
  options.durability = setup.durable ? sapwood::Durability::sync : sapwood::Durability::async;
  if (setup.long_log) options.log_size = options.log_size_max = std::uint64_t{80} << 20;
  return options;
}

sapwood::SortedMap<Text, Text> map_of(auto& owner, const sapwood::SortedMap<Text, Text>*) {
  return owner.template sorted_map<Text, Text>("m");
}
sapwood::Dict<Text, Text> map_of(auto& owner, const sapwood::Dict<Text, Text>*) {
  return owner.template dict<Text, Text>("m");
}

template <class Map>
class SapwoodSession : public Session {
  static constexpr const Map* kKind = nullptr;

 public:
  explicit SapwoodSession(sapwood::Database& db) : db_(db), automatic_(map_of(db, kKind)) {}

  void begin_write() override {
    write_.emplace(db_.begin_write());
    changing_ = map_of(*write_, kKind);
  }
  void put(std::string_view key, std::string_view value) override { changing_.put(key, value); }
  void erase(std::string_view key) override { changing_.erase(key); }
  void commit() override { write_->commit(); }

  void begin_read() override {
    read_.emplace(db_.read());
    seen_ = map_of(*read_, kKind);
  }
  void end_read() override { read_.reset(); }
  std::optional<std::string_view> get(std::string_view key) override { return seen_.get_view(key); }
  std::vector<std::optional<Text>> get_many(std::span<const std::string_view> keys) override {
    return seen_.get_many(keys);
  }
  Sum scan(std::string_view from, std::size_t count) override {
    if constexpr (requires { seen_.from(from); }) {
      return visit(from.empty() ? seen_.range() : seen_.from(from), count);
    } else {
      return visit(seen_.range(), count);
    }
  }

  void put_one(std::string_view key, std::string_view value) override { automatic_.put(key, value); }
  bool get_one(std::string_view key, std::string& value) override {
    std::optional<Text> found = automatic_.get(key);
    if (found) value = std::move(*found);
    return found.has_value();
  }

 private:
  static Sum visit(const typename Map::Range& range, std::size_t count) {
    Sum sum;
    if (count == 0) return sum;
    for (const auto& [key, value] : range.views()) {
      sum.add(value);
      if (sum.entries == count) break;
    }
    return sum;
  }

  sapwood::Database& db_;
  Map automatic_;
  Map changing_;
  Map seen_;
  std::optional<sapwood::WriteTxn> write_;
  std::optional<sapwood::ReadTxn> read_;
};

template <class Map>
class SapwoodStore : public Store {
 public:
  explicit SapwoodStore(const Setup& setup)
      : db_(sapwood::Database::open(setup.folder + "/data.sapwood", options_of(setup))) {}

  std::unique_ptr<Session> session() override { return std::make_unique<SapwoodSession<Map>>(db_); }
  bool bulk_load(const Workload& data) override {
    if constexpr (std::is_same_v<Map, sapwood::SortedMap<Text, Text>>) {
      Values values;
      auto map = map_of(db_, static_cast<const Map*>(nullptr));
      map.bulk_load(std::views::iota(std::size_t{0}, data.count) | std::views::transform([&](std::size_t i) {
                      return std::pair(data.sorted[i], values(data.sorted_order[i]));
                    }));
      return true;
    } else {
      return false;
    }
  }
  std::optional<double> live_bytes() override {
    const sapwood::Info info = db_.info();
    return static_cast<double>(info.live_pages) * info.page_size;
  }

 private:
  sapwood::Database db_;
};

class SapwoodList : public ListStore {
 public:
  explicit SapwoodList(const Setup& setup)
      : db_(sapwood::Database::open(setup.folder + "/data.sapwood", options_of(setup))),
        automatic_(db_.list<Text>("l")) {}

  void begin_write() override {
    write_.emplace(db_.begin_write());
    changing_ = write_->list<Text>("l");
  }
  void append(std::string_view value) override { changing_.push_back(value); }
  void commit() override { write_->commit(); }
  void begin_read() override {
    read_.emplace(db_.read());
    seen_ = read_->list<Text>("l");
  }
  void end_read() override { read_.reset(); }
  std::string_view at(std::uint64_t index) override { return seen_.at_view(index); }
  void insert_one(std::uint64_t index, std::string_view value) override { automatic_.insert(index, value); }
  void erase_front_one() override { automatic_.erase(0); }

 private:
  sapwood::Database db_;
  sapwood::List<Text> automatic_;
  sapwood::List<Text> changing_;
  sapwood::List<Text> seen_;
  std::optional<sapwood::WriteTxn> write_;
  std::optional<sapwood::ReadTxn> read_;
};

template <class Map>
StoreKind kind_of(const std::string& name, const std::string& title, bool ordered) {
  return {.name = name,
          .title = title,
          .version = "this one",
          .settings = "`Durability::async`",
          .unsynced = "all; all but the newest",
          .durable = "`Durability::sync`",
          .ordered = ordered,
          .open = [](const Setup& setup) { return std::make_unique<SapwoodStore<Map>>(setup); }};
}

}  // namespace

void add_sapwood(Peers& peers) {
  peers.stores.push_back(kind_of<sapwood::SortedMap<Text, Text>>("sapwood", "Sapwood sorted map", true));
  peers.stores.push_back(kind_of<sapwood::Dict<Text, Text>>("sapwood-dict", "Sapwood dict", false));
  peers.lists.push_back(
      {.name = "sapwood", .title = "Sapwood list", .settings = "`Durability::async`", .open = [](const Setup& setup) {
         return std::make_unique<SapwoodList>(setup);
       }});
}

}  // namespace bench
