// Lists: items of 100 bytes by position.
#include <map>
#include <random>

#include "bench/harness.h"
#include "bench/runner.h"

namespace bench {
namespace {

constexpr std::size_t kModelled = 10'000;  // up to this many items the order is compared too, with a vector

void fill(ListStore& list, std::size_t count) {
  Values values;
  for (std::size_t i = 0; i < count;) {
    list.begin_write();
    for (const std::size_t end = std::min(i + kBatch, count); i < end; ++i) list.append(values(i));
    list.commit();
  }
}

// All lists, filled and kept open.
class FilledLists {
 public:
  explicit FilledLists(const Runner& runner) : runner_(runner) {}

  Figures append(const std::string& name) {
    const WorkFolder folder;
    const auto list = open(name, folder);
    const double seconds = seconds_of([&] { fill(*list, count()); });
    Sum sum;
    list->begin_read();
    for (std::size_t i = 0; i < count(); ++i) sum.add(list->at(i));
    list->end_read();
    require(sum == sum_of_first(count()), name + ": a list does not hold what was appended");
    return {static_cast<double>(count()) / seconds};
  }

  // Requires: nothing has been inserted or erased yet.
  Figures get(const std::string& name) {
    ListStore& list = *filled(name).list;
    Sum sum;
    list.begin_read();
    const double seconds = seconds_of([&] {
      for (const std::uint32_t i : runner_.data().order) sum.add(list.at(i));
    });
    list.end_read();
    require(sum == sum_of_first(count()), name + ": at gave wrong items");
    return {static_cast<double>(count()) / seconds};
  }

  Figures insert(const std::string& name) {
    Filled& filled = this->filled(name);
    Values values;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> done;  // position, number
    done.reserve(changes());
    const Measured measured = measure(changes(), kPatience, [&](std::size_t i) {
      done.emplace_back(filled.random() % (filled.size + i + 1), filled.random() >> 32);
      filled.list->insert_one(done.back().first, values(done.back().second));
    });
    for (const auto& [position, number] : done) {
      filled.expected.add(number);
      if (modelled()) filled.model.insert(filled.model.begin() + static_cast<std::ptrdiff_t>(position), number);
    }
    filled.size += measured.steps;
    check(name, filled);
    return {measured.rate()};
  }

  Figures erase_front(const std::string& name) {
    Filled& filled = this->filled(name);
    std::vector<std::uint64_t> front;
    const std::size_t most = std::min<std::size_t>(changes(), filled.size / 2);
    filled.list->begin_read();
    for (std::size_t i = 0; i < most; ++i) front.push_back(number_of(filled.list->at(i)));
    filled.list->end_read();
    const Measured measured = measure(most, kPatience, [&](std::size_t) { filled.list->erase_front_one(); });
    for (std::size_t i = 0; i < measured.steps; ++i) filled.expected.numbers -= front[i];
    filled.expected.entries -= measured.steps;
    filled.size -= measured.steps;
    if (modelled())
      filled.model.erase(filled.model.begin(), filled.model.begin() + static_cast<std::ptrdiff_t>(measured.steps));
    check(name, filled);
    return {measured.rate()};
  }

 private:
  struct Filled {
    WorkFolder folder;
    std::unique_ptr<ListStore> list;
    std::mt19937_64 random{7};
    std::uint64_t size = 0;
    Sum expected;
    std::vector<std::uint64_t> model;  // the numbers, in order
  };

  std::size_t count() const { return runner_.data().count; }
  std::size_t changes() const { return runner_.scaled(50'000); }
  bool modelled() const { return count() <= kModelled; }

  std::unique_ptr<ListStore> open(const std::string& name, const WorkFolder& folder) const {
    for (const ListKind& kind : runner_.peers().lists) {
      if (kind.name == name) return kind.open({.folder = folder.path(), .entries = count()});
    }
    require(false, "no list '" + name + "'");
    return nullptr;
  }

  Filled& filled(const std::string& name) {
    auto& entry = lists_[name];
    if (entry == nullptr) {
      entry = std::make_unique<Filled>();
      entry->list = open(name, entry->folder);
      fill(*entry->list, count());
      entry->size = count();
      entry->expected = sum_of_first(count());
      for (std::size_t i = 0; modelled() && i < count(); ++i) entry->model.push_back(i);
    }
    return *entry;
  }

  void check(const std::string& name, Filled& filled) const {
    Sum found;
    filled.list->begin_read();
    for (std::size_t i = 0; i < filled.size; ++i) {
      const std::uint64_t number = number_of(filled.list->at(i));
      found.add(number);
      require(!modelled() || number == filled.model[i], name + ": item " + std::to_string(i) + " is wrong");
    }
    filled.list->end_read();
    require(found == filled.expected, name + ": a changed list holds wrong items");
  }

  const Runner& runner_;
  std::map<std::string, std::unique_ptr<Filled>> lists_;
};

}  // namespace

void run_lists(Runner& runner) {
  std::vector<std::string> names;
  for (const ListKind& kind : runner.peers().lists) names.push_back(kind.name);
  FilledLists lists(runner);
  const auto row = [&](RowInfo info, Runner::WarmUp warm_up, Figures (FilledLists::*work)(const std::string&)) {
    runner.run({std::move(info)}, names, warm_up, [&](const std::string& name) { return (lists.*work)(name); });
  };
  row({.name = "list-append",
       .group = "lists",
       .title = "list, append, 1,000 a transaction",
       .unit = "appends/s",
       .goals = {{"sapwood", "lmdb", 1.2}}},
      Runner::WarmUp::no, &FilledLists::append);
  row({.name = "list-get",
       .group = "lists",
       .title = "list, get(i), random",
       .unit = "gets/s",
       .goals = {{"sapwood", "lmdb", 2}}},
      Runner::WarmUp::yes, &FilledLists::get);
  row({.name = "list-insert",
       .group = "lists",
       .title = "list, insert at a random position, each its own commit",
       .unit = "inserts/s",
       .goals = {{"sapwood", "", 250'000}, {"sapwood", "bdb", 3}}},
      Runner::WarmUp::no, &FilledLists::insert);
  row({.name = "list-erase-front",
       .group = "lists",
       .title = "list, erase the first item, each its own commit",
       .unit = "erases/s",
       .goals = {{"sapwood", "bdb", 2}}},
      Runner::WarmUp::no, &FilledLists::erase_front);
}

}  // namespace bench
