// Waiting for a word that several processes share, without taking processor time.
#pragma once

#include <atomic>
#include <chrono>

#include "base/types.h"

namespace sapwood::os {

// Returns when wake_all() or wake_one() is called for the word, when `timeout` is over, at once if the word is not
// `expected` any more, or for no reason: the caller looks again. The word may stand in memory shared by processes.
void wait_on(const std::atomic<u32>& word, u32 expected, std::chrono::microseconds timeout) noexcept;
void wake_one(const std::atomic<u32>& word) noexcept;
void wake_all(const std::atomic<u32>& word) noexcept;

// For time limits of such waits: monotonic, and real also where a simulated Clock is used.
std::chrono::microseconds wait_clock() noexcept;

}  // namespace sapwood::os
