// A process of its own that does with one database file what a test asks it to, call by call, and that can be stopped
// or killed at a fail point (base/fail_point.h). It writes as one of the shared writers (shared_writers.h).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/types.h"
#include "sapwood/sapwood.h"

namespace sapwood::test {

enum class Task : u32 {
  open,
  open_alone,  // with Options::exclusive
  read,        // counts of a whole snapshot
  write,
  write_big,  // more than the log takes
  checkpoint,
  check,
  close,
};

struct Request {
  Task task = Task::read;
  Durability durability = Durability::async;
  i64 timeout_ms = 60'000;  // of begin_write
};

enum class AtPoint : u32 { die, sleep };

struct Reply {
  enum class Kind : u32 { done, failed, reached, died };
  Kind kind = Kind::died;
  ErrorCode code{};  // of failed
  static constexpr u32 kWriters = 8;
  i64 counts[kWriters] = {};  // by writer, of read
  char text[240] = {};        // what failed, or was found

  bool is_done() const { return kind == Kind::done; }
  std::string describe() const;
};

class Worker {
 public:
  // `writer` is below Reply::kWriters.
  Worker(const std::string& path, const Options& options, i64 writer);
  ~Worker();  // kills it
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // It will die or sleep where it reaches the point for the n-th time from now on; its next reply is `reached` then.
  void arm(const std::string& point, u64 n, AtPoint what);
  void send(const Request& request);
  // Waits for the reply; after a minute that counts as died.
  Reply receive();
  Reply call(const Request& request) {
    send(request);
    return receive();
  }
  void wake();  // from its sleep
  void kill();  // returns when it is dead

  pid_t pid() const { return pid_; }
  i64 writer() const { return writer_; }
  // Commits that were asked for, and those that were acknowledged.
  i64 attempted() const { return attempted_; }
  i64 acknowledged() const { return acknowledged_; }

 private:
  struct Pipe {
    int read_end = -1;
    int write_end = -1;
  };
  struct Arms {
    char point[64];
    u64 n;
    AtPoint what;
  };
  struct Order {  // what goes through the pipe
    bool arms = false;
    Request request{};
    Arms arms_with{};
  };
  [[noreturn]] void serve(const std::string& path, const Options& options);
  static Reply perform(const Request& request, const std::string& path, const Options& options, i64 writer,
                       std::optional<Database>& database);
  static void stop_at(const char* name);

  i64 writer_;
  Pipe orders_, replies_, wakes_;
  pid_t pid_ = 0;
  std::optional<Task> asked_;
  i64 attempted_ = 0;
  i64 acknowledged_ = 0;

  static inline Worker* self_ = nullptr;  // in the child
  static inline Arms armed_{};
};

}  // namespace sapwood::test
