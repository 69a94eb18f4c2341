// For tests: a thread that dies in the middle of what it does. It stops there for ever, with all that it holds:
// unwinding would give back locks, which the dead do not.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/types.h"
#include "sapwood/error.h"

namespace sapwood::storage::testing {

class DyingThread {
 public:
  // Runs `work`, and returns when it has come to its n-th step, where it stays, or to its end.
  static const DyingThread& run(u64 n, const std::function<void()>& work) {
    static std::list<DyingThread>& all = *std::make_unique<std::list<DyingThread>>().release();
    DyingThread& dying = all.emplace_back();
    dying.left_ = n;
    now_ = &dying;
    std::thread([&dying, work] {
      dying.thread_ = std::this_thread::get_id();
      try {
        work();
      } catch (const Error& error) {
        dying.error_ = error.what();
      }
      dying.end();
    }).detach();
    std::unique_lock lock(dying.mutex_);
    dying.changed_.wait(lock, [&dying] { return dying.ended_; });
    now_ = nullptr;
    return dying;
  }
  // A step of the calling thread, if that is the one that is to die.
  static void step(const std::string& name) {
    DyingThread* const dying = now_;
    if (dying == nullptr || dying->thread_ != std::this_thread::get_id() || --dying->left_ != 0) return;
    dying->died_at_ = name;
    dying->end();
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }

  // Empty: it came to the end of its work, or to an error.
  const std::string& died_at() const { return died_at_; }
  const std::string& error() const { return error_; }

 private:
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  static inline std::atomic<DyingThread*> now_ = nullptr;
  std::atomic<std::thread::id> thread_{};
  u64 left_ = 0;
  std::string died_at_, error_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
};

// Something that stays for ever: what a dead process had in memory, whose destructors would act on what others share.
template <class T>
T& keep_for_ever(T thing) {
  static std::list<T>& all = *std::make_unique<std::list<T>>().release();
  return all.emplace_back(std::move(thing));
}

}  // namespace sapwood::storage::testing
