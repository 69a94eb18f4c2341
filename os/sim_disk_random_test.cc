// Random scripts against a model that is nothing but the rules S2 and S3, byte by byte.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>
#include <set>

#include "os/sim_disk.h"

namespace sapwood::os {
namespace {

class ByteModel {
 public:
  static constexpr u64 kLargest = 20'000;
  static constexpr u64 kBlockBytes = 4096;

  void write(u64 offset, const std::string& data) {
    for (std::size_t i = 0; i < data.size(); ++i) possible_[offset + i] |= bit_of(data[i]);
    if (offset + data.size() > now_.size()) set_size(offset + data.size());
    for (std::size_t i = 0; i < data.size(); ++i) now_[offset + i] = data[i];
  }
  void set_size(u64 size) {
    for (u64 i = size; i < now_.size(); ++i) {
      possible_[i] |= bit_of('\0');
      cut_[i] = true;
    }
    now_.resize(size);
    sizes_.insert(size);
  }
  void sync() {
    settle(0, kLargest);
    keep_size();
  }
  // The blocks of the range become durable, and the size if it does not reach them yet.
  void write_through(u64 offset, const std::string& data) {
    write(offset, data);
    settle(offset, offset + data.size());
    if (offset + data.size() > durable_size_) keep_size();
  }
  bool allows(const std::string& image) const {
    if (!sizes_.contains(image.size())) return false;
    for (u64 i = 0; i < image.size(); ++i) {
      if (image[i] != disk_[i] && (possible_[i] & bit_of(image[i])) == 0) return false;
    }
    return true;
  }
  const std::string& now() const { return now_; }
  std::string durable() const { return {disk_.data(), durable_size_}; }

 private:
  void settle(u64 from, u64 to) {
    to = std::min(kLargest, (to + kBlockBytes - 1) / kBlockBytes * kBlockBytes);
    for (u64 i = from / kBlockBytes * kBlockBytes; i < to; ++i) {
      possible_[i] = 0;
      cut_[i] = false;
      disk_[i] = i < now_.size() ? now_[i] : '\0';
    }
  }
  void keep_size() {
    sizes_ = {now_.size()};
    durable_size_ = now_.size();
    for (u64 i = 0; i < kLargest; ++i) {
      if (cut_[i]) disk_[i] = '\0';
      cut_[i] = false;
    }
  }
  static u32 bit_of(char value) { return value == '\0' ? 1u << 31 : 1u << (value - 'a'); }

  std::string now_;
  std::array<char, kLargest> disk_{};
  std::array<u32, kLargest> possible_{};  // unsynced values of each byte, a bit each
  std::array<bool, kLargest> cut_{};      // cut off since the size was durable
  std::set<u64> sizes_{0};
  u64 durable_size_ = 0;
};

TEST(SimDiskRandom, ScriptsStayWithinTheRules) {
  const char* const given = std::getenv("SAPWOOD_SEED");
  const u64 seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20; ++round) {
    SimDisk disk(seed);
    ByteModel model;
    const auto file = disk.files().open("/a", {.create = true});
    disk.settle();
    for (int step = 0; step < 20; ++step) {
      switch (random() % 8) {
        case 0: file->sync(), model.sync(); break;
        case 1: {
          const u64 size = random() % ByteModel::kLargest;
          file->truncate(size), model.set_size(size);
          break;
        }
        case 2: {
          const u64 size = model.now().size();
          if (size == 0) break;
          const std::string data(1 + random() % std::min<u64>(size, 100), static_cast<char>('a' + random() % 26));
          const u64 offset = random() % (size - data.size() + 1);
          file->write_through(offset, data.data(), data.size()), model.write_through(offset, data);
          break;
        }
        default: {
          const std::string data(1 + random() % 3000, static_cast<char>('a' + random() % 26));
          const u64 offset = random() % 16'000;
          file->write(offset, data.data(), data.size()), model.write(offset, data);
        }
      }
      disk.for_each_crash_image({.random_subsets = 8, .seed = random()}, [&](SimDisk& image, const CrashImage& crash) {
        const std::string contents = image.contents("/a");
        ASSERT_TRUE(model.allows(contents)) << crash.description << "\n" << disk.describe_recent_operations();
        ASSERT_TRUE(crash.kind != CrashKind::process_kill || contents == model.now());
        ASSERT_TRUE(!crash.everything_synced_only || contents == model.durable());
      });
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace sapwood::os
