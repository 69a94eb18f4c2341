// The input is what two processes do with one database, and what a third writes into its lock file meanwhile: 12 bytes
// a step. Errors are fine; crashes, hangs and accesses past the file are not.
#include <cstring>
#include <optional>

#include "fuzz/use_database.h"
#include "storage/lock_file.h"

namespace sapwood::fuzz {
namespace {

using storage::LockFile;

constexpr std::size_t kStep = 12;
constexpr std::size_t kMaxSteps = 60;

struct Damage {
  std::uint16_t place = 0;
  std::uint8_t kind = 0;
  std::uint64_t value = 0;
};

class Run {
 public:
  Run() {
    open(0);
    open(1);
    if (!databases_[0]) throw Error(ErrorCode::io, "the sample cannot be made");
    lock_file_ = disk_.files().open(std::string(kPath) + "-lock", {.write = true});
    bytes_ = lock_file_->map_shared(sizeof(LockFile));
    disk_.set_observer([this](const os::Operation&) {
      if (pending_ && operations_left_-- == 0) do_damage(*std::exchange(pending_, std::nullopt));
    });
  }
  ~Run() { disk_.set_observer({}); }

  void step(const std::uint8_t* input) {
    Damage damage;
    std::memcpy(&damage.place, input + 2, sizeof damage.place);
    damage.kind = input[1];
    std::memcpy(&damage.value, input + 4, sizeof damage.value);
    if (input[0] % 4 == 0) {
      do_damage(damage);
    } else if (input[0] % 4 == 1) {
      pending_ = damage;
      operations_left_ = input[0] / 4 % 16;
    } else {
      use(input[0] / 4 % 2, input[1], static_cast<int>(damage.place % 64));
    }
  }

 private:
  void open(std::size_t i) {
    processes_[i] = disk_.start_process();
    Options options = fuzz_options(*processes_[i]);
    options.exclusive = false;
    options.write_timeout = std::chrono::milliseconds(1);
    try {
      databases_[i] = Database::open(kPath, options);
    } catch (const Error&) {
      databases_[i].reset();
    }
  }

  // Fields that count stand in the first pages; the rest is slots.
  void do_damage(const Damage& damage) {
    const std::size_t fields = offsetof(LockFile, blocks);
    const std::size_t size = damage.kind / 8 % 4 == 0 ? sizeof(LockFile) : fields;
    std::uint8_t* const at = bytes_->mutable_data() + damage.place % size / 4 * 4;
    const std::size_t width =
        std::min<std::size_t>(damage.kind / 32 % 2 == 0 ? 8 : 4, bytes_->mutable_data() + size - at);
    std::uint64_t value = 0;
    std::memcpy(&value, at, width);
    switch (damage.kind % 8) {
      case 0: value = 0; break;
      case 1: value = ~std::uint64_t{0}; break;
      case 2: ++value; break;
      case 3: --value; break;
      case 4: value ^= std::uint64_t{1} << damage.value % 64; break;
      case 5: value = damage.value % 256; break;
      case 6: std::memcpy(&value, bytes_->data() + damage.value % (fields - 8), sizeof value); break;
      default: value = damage.value;
    }
    std::memcpy(at, &value, width);
  }

  void use(std::size_t i, std::uint8_t kind, int number) {
    if (!databases_[i]) return open(i);
    try {
      use_open(*databases_[i], kind, number);
      if (kind % 16 == 15) databases_[i].reset();
    } catch (const Error&) {
    }
  }

  void use_open(Database& database, std::uint8_t kind, int number) {
    const std::string text(static_cast<std::size_t>(number) * 30, 'x');
    switch (kind % 16) {
      case 0:
      case 1:
      case 2:
      case 3:
        database.write([&](WriteTxn& txn) {
          txn.list<std::string>("list").insert(0, text);
          txn.sorted_map<int, std::string>("map").put(number, text);
        });
        break;
      case 4: database.write([&](WriteTxn& txn) { txn.sorted_map<int, std::string>("map").erase(number); }); break;
      case 5: database.checkpoint(); break;
      case 6: database.sync(); break;
      case 7: database.info(); break;
      case 8: database.metrics(); break;
      case 9: database.check(); break;
      case 10: {
        WriteTxn txn = database.begin_write();
        txn.dict<std::string, int>("dict").put(text, number);
        txn.commit(Durability::async);
        break;
      }
      case 15: database.close(); break;
      default: read(database);
    }
  }

  void read(Database& database) {
    const ReadTxn snapshot = database.read();
    std::size_t left = 200;
    for (const std::string& item : snapshot.list<std::string>("list").range()) {
      if (item.size() > 100'000 || left-- == 0) break;
    }
    left = 200;
    for (const auto& [key, value] : snapshot.sorted_map<int, std::string>("map").range()) {
      if (value.size() > 100'000 || left-- == 0) break;
    }
  }

  os::SimDisk disk_{1};
  std::unique_ptr<os::SimProcess> processes_[2];
  std::optional<Database> databases_[2];
  std::unique_ptr<os::File> lock_file_;
  std::unique_ptr<os::Mapping> bytes_;
  std::optional<Damage> pending_;
  unsigned operations_left_ = 0;
};

void run(const std::uint8_t* data, std::size_t size) {
  Run run;
  for (std::size_t at = 0; at + kStep <= size && at < kStep * kMaxSteps; at += kStep) run.step(data + at);
}

}  // namespace
}  // namespace sapwood::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sapwood::fuzz::run(data, size);
  return 0;
}
