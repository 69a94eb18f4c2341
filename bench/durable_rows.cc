// Durable commits of one put, beside what the disk can do: an equal record written over blocks that were written
// before, and synced.
#include <atomic>
#include <exception>
#include <map>
#include <thread>

#include "bench/harness.h"
#include "bench/raw_disk.h"
#include "bench/runner.h"

namespace bench {
namespace {

constexpr std::size_t kKeys = 1000;   // in the store from the start; a durable put replaces one of them
constexpr std::size_t kRecord = 192;  // of Sapwood: header, operation, a key of 16 bytes, a value of 100, rounded up

// All stores that can commit durably, filled and kept open, and the raw disk.
class DurableStores {
 public:
  explicit DurableStores(const Runner& runner) : runner_(runner), raw_(raw_folder_.file("raw"), kRecord) {}

  Measured one_thread(const std::string& name, std::size_t commits) {
    if (name == kRaw) return measure(commits, kPatience, [&](std::size_t) { raw_.write_record(); });
    const auto session = at(name).session();
    return put(*session, 0, commits);
  }

  // Each thread has keys of its own.
  Measured threads(const std::string& name, std::size_t count, std::size_t commits) {
    Store& store = at(name);
    std::vector<Measured> done(count);
    std::vector<std::exception_ptr> failures(count);
    std::vector<std::thread> threads;
    const double start = now();
    for (std::size_t t = 0; t < count; ++t) {
      threads.emplace_back([&, t] {
        try {
          done[t] = put(*store.session(), t * (kKeys / count), commits / count);
        } catch (...) {
          failures[t] = std::current_exception();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    Measured all{0, now() - start};
    for (std::size_t t = 0; t < count; ++t) {
      if (failures[t]) std::rethrow_exception(failures[t]);
      all.steps += done[t].steps;
    }
    return all;
  }

 private:
  struct Entry {
    Entry(const Workload& data, const StoreKind& kind) {
      store = kind.open({.folder = folder.path(), .entries = kKeys, .durable = true});
      const auto session = store->session();
      Values values;
      session->begin_write();
      for (std::size_t i = 0; i < std::min(kKeys, data.count); ++i) session->put(data.keys[i], values(i));
      session->commit();
    }
    WorkFolder folder;
    std::unique_ptr<Store> store;
  };

  Store& at(const std::string& name) {
    auto& entry = stores_[name];
    if (entry == nullptr) entry = std::make_unique<Entry>(runner_.data(), kind_of(runner_.peers(), name));
    return *entry->store;
  }

  Measured put(Session& session, std::size_t first_key, std::size_t commits) {
    const Workload& data = runner_.data();
    const std::uint64_t number = ++round_ << 32;
    constexpr std::size_t kOwn = 100;
    Values values;
    const Measured measured = measure(commits, kPatience, [&](std::size_t i) {
      session.put_one(data.keys[(first_key + i % kOwn) % data.count], values(number + i));
    });
    std::string value;
    const std::size_t last = measured.steps - 1;
    require(
        session.get_one(data.keys[(first_key + last % kOwn) % data.count], value) && number_of(value) == number + last,
        "a durable put is lost");
    return measured;
  }

  const Runner& runner_;
  WorkFolder raw_folder_;
  RawDisk raw_;
  std::map<std::string, std::unique_ptr<Entry>> stores_;
  std::atomic<std::uint64_t> round_ = 0;
};

}  // namespace

void run_durable(Runner& runner) {
  const std::vector<std::string> able =
      names_of(runner.peers(), [](const StoreKind& kind) { return !kind.durable.empty(); });
  std::vector<std::string> with_raw = able;
  with_raw.emplace_back(kRaw);
  DurableStores stores(runner);
  runner.run({{.name = "durable-1-thread",
               .group = "durable",
               .title = "durable put, 1 thread",
               .unit = "commits/s",
               .goals = {{"sapwood", kRaw, 0.9}}}},
             with_raw, Runner::WarmUp::yes,
             [&](const std::string& name) { return Figures{stores.one_thread(name, runner.scaled(2000)).rate()}; });
  runner.run({{.name = "durable-8-threads",
               .group = "durable",
               .title = "durable put, 8 threads",
               .unit = "commits/s",
               .goals = {{"sapwood", "lmdb", 10}}}},
             able, Runner::WarmUp::yes, [&](const std::string& name) {
               return Figures{stores.threads(name, 8, std::max<std::size_t>(8, runner.scaled(8000))).rate()};
             });
}

}  // namespace bench
