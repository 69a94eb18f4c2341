// sapwood bench [FOLDER]: what this machine does.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <random>
#include <stdexcept>

#include "cli/output.h"
#include "cli/scratch_folder.h"
#include "cli/verbs.h"
#include "sapwood/database.h"

namespace sapwood::cli {
namespace {

constexpr const char* kHelp =
    "Stores entries with keys of 16 bytes in a file in FOLDER (by default the current one), reads them, and removes\n"
    "the file, also after Ctrl-C. Loads and inserts are committed in batches of 10,000 without waiting for the disk;\n"
    "a durable commit stores one entry and waits. Beside it stands what the disk does: 512 bytes written to a plain\n"
    "file in the same folder and synced, over and over. Reads find most pages in memory unless the file is larger.\n\n"
    "Examples:\n"
    "  sapwood bench /srv/data\n"
    "  sapwood bench --entries 5000000 --value-bytes 1000\n"
    "  sapwood bench --json | jq '.results[] | {name, per_second}'";

constexpr std::uint64_t kBatch = 10'000;
constexpr std::uint64_t kKeysAtOnce = 1'000;
constexpr std::uint64_t kMaxValueBytes = 1 << 30;
constexpr int kSlices = 4;  // the two kinds of syncs take turns, as disks have moods
constexpr std::chrono::milliseconds kSliceTime{250};

using Clock = std::chrono::steady_clock;
using Map = SortedMap<std::string, std::string>;

struct Request {
  std::string folder;
  std::uint64_t entries = 500'000;
  std::uint64_t value_bytes = 100;
};

struct Result {
  std::string name;
  std::uint64_t operations = 0;
  double seconds = 0;
  double per_second() const { return static_cast<double>(operations) / std::max(seconds, 1e-9); }
};

void expect(bool promise, const char* what) {
  if (!promise) throw std::runtime_error(std::string("this must not be: ") + what);
}

// Numbers to keys, one to one and far apart (the finalizer of splitmix64).
std::string scattered_key(std::uint64_t number) {
  number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9u;
  number = (number ^ number >> 27) * 0x94d049bb133111ebu;
  return fmt::format("{:016x}", number ^ number >> 31);
}
std::string ascending_key(std::uint64_t number) { return fmt::format("{:016}", number); }

// A plain file that is written in place and synced.
class PlainFile {
 public:
  explicit PlainFile(const std::string& path)
      : number_(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
    if (number_ < 0) fail();
    const std::string zeros(kBytes, '\0');
    write(zeros, 0);
  }
  ~PlainFile() { close(number_); }
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;

  void write_and_sync() {
    write(record_, at_);
    at_ = (at_ + record_.size()) % kBytes;
  }

 private:
  static constexpr std::size_t kBytes = 1 << 20;
  [[noreturn]] static void fail() {
    throw std::runtime_error(std::string("a plain file cannot be written: ") + std::strerror(errno));
  }
  void write(const std::string& bytes, std::size_t at) const {
    const ssize_t written = pwrite(number_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written >= 0 && written < static_cast<ssize_t>(bytes.size())) errno = ENOSPC;
    if (written != static_cast<ssize_t>(bytes.size())) fail();
#ifdef __APPLE__
    if (fcntl(number_, F_FULLFSYNC) != 0) fail();
#else
    if (fdatasync(number_) != 0) fail();
#endif
  }

  int number_;
  std::string record_ = std::string(512, 'x');
  std::size_t at_ = 0;
};

class Bench {
 public:
  Bench(const Request& request, const ScratchFolder& scratch, std::function<void(const Result&)> tell)
      : request_(request),
        tell_(std::move(tell)),
        database_(create(scratch.database())),
        plain_file_(scratch.plain_file()),
        value_(request.value_bytes, 'v') {
    std::mt19937_64 random(1);
    for (char& c : value_) c = static_cast<char>(random());
  }

  void run() {
    load("load ascending", "ascending", ascending_key);
    load("load random", "scattered", scattered_key);
    const ReadTxn txn = database_.read();
    const Map map = txn.sorted_map<std::string, std::string>("scattered");
    get("get", map, 0, request_.entries);
    get("get missing", map, request_.entries, 0);
    get_many(map);
    scan(map);
    insert_into_list();
    sync();
  }

  std::uint64_t file_bytes() const { return database_.info().file_bytes; }

 private:
  static Database create(const std::string& path) {
    const SignalsWait until_it_has_its_name;
    Options options;
    options.mode = OpenMode::create_new;
    return Database::open(path, options);
  }

  template <class Work>
  void measure(const std::string& name, std::uint64_t operations, Work work) {
    const Clock::time_point start = Clock::now();
    work();
    tell_({name, operations, std::chrono::duration<double>(Clock::now() - start).count()});
  }

  // Calls `work(txn, number)` for all numbers, in transactions of kBatch each.
  template <class Work>
  void in_batches(Work work) {
    for (std::uint64_t done = 0; done < request_.entries; done += kBatch) {
      WriteTxn txn = database_.begin_write();
      work(txn, done, std::min(done + kBatch, request_.entries));
      txn.commit(Durability::async);
    }
  }

  void load(const std::string& name, const char* collection, std::string (*key_of)(std::uint64_t)) {
    measure(name, request_.entries, [&] {
      in_batches([&](WriteTxn& txn, std::uint64_t number, std::uint64_t end) {
        Map map = txn.sorted_map<std::string, std::string>(collection);
        for (; number < end; ++number) map.put(key_of(number), value_);
      });
    });
    expect(database_.sorted_map<std::string, std::string>(collection).size() == request_.entries, "entries are lost");
  }

  // Keys in an order of their own, from that number on.
  void get(const std::string& name, const Map& map, std::uint64_t first, std::uint64_t to_find) {
    std::mt19937_64 random(2);
    std::uint64_t found = 0;
    measure(name, request_.entries, [&] {
      for (std::uint64_t i = 0; i < request_.entries; ++i) {
        found += map.get_view(scattered_key(first + random() % request_.entries)) ? 1 : 0;
      }
    });
    expect(found == to_find, "a key is found that was not stored, or is not found that was");
  }

  void get_many(const Map& map) {
    std::mt19937_64 random(3);
    std::uint64_t found = 0;
    std::vector<std::string> keys;
    measure("get many", request_.entries, [&] {
      for (std::uint64_t done = 0; done < request_.entries; done += keys.size()) {
        keys.clear();
        while (keys.size() < kKeysAtOnce && done + keys.size() < request_.entries) {
          keys.push_back(scattered_key(random() % request_.entries));
        }
        for (const std::optional<std::string>& value : map.get_many(keys)) found += value ? 1 : 0;
      }
    });
    expect(found == request_.entries, "a stored key is not found");
  }

  void scan(const Map& map) {
    std::uint64_t bytes = 0;
    measure("scan", request_.entries, [&] {
      for (const auto& [key, value] : map.range()) bytes += key.size() + value.size();
    });
    expect(bytes == request_.entries * (16 + request_.value_bytes), "a scan misses entries");
  }

  void insert_into_list() {
    std::mt19937_64 random(4);
    measure("list insert", request_.entries, [&] {
      in_batches([&](WriteTxn& txn, std::uint64_t number, std::uint64_t end) {
        auto list = txn.list<std::string>("list");
        for (; number < end; ++number) list.insert(random() % (number + 1), value_);
      });
    });
  }

  void sync() {
    database_.checkpoint();
    Result commits{.name = "durable commit"}, plain{.name = "plain sync"};
    Map map = database_.sorted_map<std::string, std::string>("durable");
    for (int slice = 0; slice < kSlices; ++slice) {
      repeat(plain, [&] { plain_file_.write_and_sync(); });
      repeat(commits, [&] { map.put(scattered_key(commits.operations), value_); });
    }
    tell_(commits);
    tell_(plain);
  }

  template <class Work>
  static void repeat(Result& result, Work work) {
    const Clock::time_point start = Clock::now();
    Clock::duration took{};
    do {
      work();
      ++result.operations;
      took = Clock::now() - start;
    } while (took < kSliceTime);
    result.seconds += std::chrono::duration<double>(took).count();
  }

  const Request& request_;
  std::function<void(const Result&)> tell_;
  Database database_;
  PlainFile plain_file_;
  std::string value_;
};

std::string each_text(const Result& result) {
  const double microseconds = 1e6 / result.per_second();
  return microseconds < 9.95 ? fmt::format("{:.2f} us", microseconds) : fmt::format("{:.0f} us", microseconds);
}

void print_result(const Result& result) {
  print(fmt::format("{:<16}{:>12}{:>16}{:>12}\n", result.name, with_thousands(result.operations),
                    with_thousands(static_cast<std::uint64_t>(result.per_second())), each_text(result)));
  flush_output();
}

}  // namespace

int run_bench(Command& command) {
  command.without_file();
  Request request;
  std::optional<std::string> folder;
  command.optional("FOLDER", folder, "where the file is made, on the disk to be measured; by default here");
  command.option("--entries", request.entries, "entries a collection (500000)");
  command.option("--value-bytes", request.value_bytes, "size of a value (100)");
  command.footer(kHelp);
  command.parse();
  if (request.entries == 0) throw UsageError("--entries must be at least 1");
  if (request.value_bytes > kMaxValueBytes) throw UsageError("--value-bytes must be at most 1 GiB");
  request.folder = folder.value_or(".");

  const ScratchFolder scratch(request.folder);
  Json results = Json::array();
  if (!command.json()) {
    print(with_thousands(request.entries) + " entries of 16 bytes of key and " + counted(request.value_bytes, "byte") +
          " of value\n");
    print(fmt::format("{:<16}{:>12}{:>16}{:>12}\n", "", "operations", "a second", "each"));
  }
  Bench bench(request, scratch, [&](const Result& result) {
    if (!command.json()) return print_result(result);
    results.push_back(Json::object({{"name", result.name},
                                    {"operations", result.operations},
                                    {"seconds", result.seconds},
                                    {"per_second", result.per_second()}}));
  });
  bench.run();
  if (command.json()) {
    print_json(Json::object({{"folder", request.folder},
                             {"entries", request.entries},
                             {"value_bytes", request.value_bytes},
                             {"file_bytes", bench.file_bytes()},
                             {"results", results}}));
  } else {
    print("the file had " + size_text(bench.file_bytes()) + "\n");
  }
  return kOk;
}

}  // namespace sapwood::cli
