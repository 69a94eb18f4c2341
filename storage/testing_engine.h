// For tests: a database of testing_store.h on a simulated disk.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "os/sim_disk.h"
#include "storage/testing_page_writes.h"
#include "storage/testing_store.h"

namespace sapwood::storage::testing {

inline constexpr const char* kPath = "/db";
inline constexpr const char* kLogPath = "/db-log";
inline constexpr const char* kLockPath = "/db-lock";

inline u64 test_seed() {
  const char* text = std::getenv("SAPWOOD_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device()();
}

// The code that `action` throws; nullopt if it does not throw.
inline std::optional<ErrorCode> code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

using Edit = std::function<void(Editor&)>;

inline State read_newest(Engine& engine) {
  const Snapshot snapshot = engine.begin_read();
  try {
    State state = read_state(snapshot.pages, snapshot.descriptor.catalog);
    engine.end_read(snapshot);
    return state;
  } catch (...) {
    engine.end_read(snapshot);
    throw;
  }
}

inline void commit(Engine& engine, Durability durability, const Edit& edit) {
  const std::unique_ptr<WriteTransaction> txn = engine.begin_write(std::chrono::milliseconds(-1));
  Editor editor(*txn);
  edit(editor);
  txn->commit(durability);
}

inline std::vector<std::string> findings(Engine& engine) {
  std::vector<std::string> all;
  engine.check_space(all);
  return all;
}
inline void expect_sound(Engine& engine) { EXPECT_EQ(findings(engine), std::vector<std::string>()); }

inline std::string text_of(std::mt19937_64& random, std::size_t size) {
  std::string text(size, 0);
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

// One random change, made in the transaction and in the model.
inline void random_change(std::mt19937_64& random, Editor& editor, State& model, u64 values, std::size_t blob_size) {
  const u64 kind = random() % 12;
  if (kind < 9) {
    const u64 index = random() % values;
    const u64 value = random() % 3 == 0 ? 0 : random() | 1;
    editor.put(index, value);
    model.values[index] = value;
    if (value == 0) model.values.erase(index);
    return;
  }
  const u32 number = static_cast<u32>(random() % kBlobs);
  if (kind == 9) {
    editor.erase_blob(number);
    model.blobs.erase(number);
  } else {
    model.blobs[number] = text_of(random, random() % blob_size);
    editor.put_blob(number, model.blobs[number]);
  }
}

class EngineTest : public ::testing::Test {
 protected:
  explicit EngineTest(u64 seed = 11) : disk_(seed) {
    options_.page_size = 512;
    options_.page_writes = test_page_writes();
    options_.log_size = 16384;
    options_.log_size_max = 65536;
    options_.env = &disk_;
  }

  std::shared_ptr<Engine> open(os::Env* env = nullptr) {
    Options options = options_;
    if (env != nullptr) options.env = env;
    return Engine::open(kPath, options, contents_);
  }
  std::shared_ptr<Engine> open(OpenMode mode) {
    Options options = options_;
    options.mode = mode;
    return Engine::open(kPath, options, contents_);
  }
  // Ends the process without a close.
  void crash(std::shared_ptr<Engine>& engine) {
    disk_.kill();
    engine.reset();
  }
  State reopened_state() {
    const std::shared_ptr<Engine> engine = open();
    expect_sound(*engine);
    return read_newest(*engine);
  }

  os::SimDisk disk_;
  Options options_;
  TestContents contents_;
};

}  // namespace sapwood::storage::testing
