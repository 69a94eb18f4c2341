// The input is a whole data file, whose checksums are made to fit.
#include <cstring>
#include <random>

#include "fuzz/repair.h"
#include "fuzz/use_database.h"

// By libFuzzer; absent where the target only runs kept inputs.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size)
    __attribute__((weak));

namespace {

constexpr std::size_t kUnit = 512;  // the page size of the kept inputs

// Changes numbers where headers and slots are, or repeats a page elsewhere: what structure is made of.
void change_structure(std::uint8_t* data, std::size_t size, std::mt19937_64& random) {
  const std::size_t units = size / kUnit;
  std::uint8_t* const unit = data + random() % units * kUnit;
  switch (random() % 5) {
    case 0: std::memcpy(unit, data + random() % units * kUnit, kUnit); return;
    case 1: unit[random() % 32] = static_cast<std::uint8_t>(random()); return;
    case 2: unit[32 + random() % 96] += static_cast<std::uint8_t>(random() % 9 - 4); return;
    case 3: unit[random() % kUnit] ^= static_cast<std::uint8_t>(1u << random() % 8); return;
    default: {
      const std::size_t length = 1 + random() % 16;
      std::memmove(unit + random() % (kUnit - length), unit + random() % (kUnit - length), length);
      return;
    }
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  std::mt19937_64 random(seed);
  if (size < 2 * kUnit || random() % 4 == 0) return LLVMFuzzerMutate(data, size, max_size);
  for (std::uint64_t i = 0; i < 1 + random() % 4; ++i) change_structure(data, size, random);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string image(reinterpret_cast<const char*>(data), size);
  sapwood::fuzz::repair_data_file(image);
  sapwood::os::SimDisk disk(1);
  disk.set_contents(sapwood::fuzz::kPath, image);
  const std::unique_ptr<sapwood::os::SimDisk> untouched = disk.clone();
  sapwood::fuzz::use_database(disk);
  sapwood::fuzz::repair_database(*untouched);
  return 0;
}
