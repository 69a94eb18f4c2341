#include "tests/support/worker.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "base/assert.h"
#include "base/fail_point.h"
#include "tests/support/shared_writers.h"

namespace sapwood::test {
namespace {

constexpr int kPatienceMs = 60'000;

template <class Value>
bool put(int pipe_end, const Value& value) {
  return write(pipe_end, &value, sizeof value) == sizeof value;
}

template <class Value>
bool take(int pipe_end, Value& value) {
  return read(pipe_end, &value, sizeof value) == sizeof value;
}

void set_text(Reply& reply, const std::string& text) {
  std::memset(reply.text, 0, sizeof reply.text);
  text.copy(reply.text, sizeof reply.text - 1);
}

bool writes(Task task) { return task == Task::write || task == Task::write_big; }

}  // namespace

std::string Reply::describe() const {
  constexpr const char* kKinds[] = {"done", "failed", "reached the point", "died"};
  return std::string(kKinds[static_cast<u32>(kind)]) + ": " + text;
}

Worker::Worker(const std::string& path, const Options& options, i64 writer) : writer_(writer) {
  for (Pipe* pipe : {&orders_, &replies_, &wakes_}) {
    int ends[2];
    SAPWOOD_ASSERT(::pipe(ends) == 0);
    *pipe = {ends[0], ends[1]};
  }
  pid_ = fork();
  if (pid_ == 0) serve(path, options);
  ::close(orders_.read_end);
  ::close(replies_.write_end);
  ::close(wakes_.read_end);
}

Worker::~Worker() {
  kill();
  ::close(orders_.write_end);
  ::close(replies_.read_end);
  ::close(wakes_.write_end);
}

void Worker::arm(const std::string& point, u64 n, AtPoint what) {
  Order order{.arms = true, .arms_with = {.n = n, .what = what}};
  point.copy(order.arms_with.point, sizeof order.arms_with.point - 1);
  SAPWOOD_ASSERT(put(orders_.write_end, order));
}

void Worker::send(const Request& request) {
  asked_ = request.task;
  if (writes(request.task)) ++attempted_;
  static_cast<void>(put(orders_.write_end, Order{.request = request}));  // the dead do not answer
}

Reply Worker::receive() {
  Reply reply;
  pollfd waits{.fd = replies_.read_end, .events = POLLIN, .revents = 0};
  if (poll(&waits, 1, kPatienceMs) != 1) {
    set_text(reply, "it did not answer for a minute");
    return reply;
  }
  if (!take(replies_.read_end, reply)) return Reply{};
  if (reply.is_done() && asked_ && writes(*asked_)) ++acknowledged_;
  return reply;
}

void Worker::wake() { SAPWOOD_ASSERT(put(wakes_.write_end, u8{1})); }

void Worker::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void Worker::stop_at(const char* name) {
  if (armed_.n == 0 || std::strcmp(name, armed_.point) != 0 || --armed_.n != 0) return;
  put(self_->replies_.write_end, Reply{.kind = Reply::Kind::reached});
  if (armed_.what == AtPoint::die) ::kill(getpid(), SIGKILL);
  u8 woken = 0;
  take(self_->wakes_.read_end, woken);
}

void Worker::serve(const std::string& path, const Options& options) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::close(orders_.write_end);
  self_ = this;
  fail_point_hook = &stop_at;
  std::optional<Database> database;
  for (Order order; take(orders_.read_end, order);) {
    if (order.arms) {
      armed_ = order.arms_with;
    } else if (!put(replies_.write_end, perform(order.request, path, options, writer_, database))) {
      break;
    }
  }
  _exit(0);
}

Reply Worker::perform(const Request& request, const std::string& path, const Options& options, i64 writer,
                      std::optional<Database>& database) {
  Reply reply{.kind = Reply::Kind::done};
  try {
    switch (request.task) {
      case Task::open:
      case Task::open_alone: {
        Options chosen = options;
        chosen.exclusive = request.task == Task::open_alone;
        database = Database::open(path, chosen);
        break;
      }
      case Task::read:
        for (const auto& [who, count] : require_whole(database->read())) reply.counts[who] = count;
        break;
      case Task::write:
      case Task::write_big: {
        WriteTxn txn = database->begin_write(std::chrono::milliseconds(request.timeout_ms));
        const i64 n = write_next(txn, writer);
        if (request.task == Task::write_big) {
          auto texts = txn.sorted_map<i64, std::string>("texts");
          for (i64 key = 0; key < 100; ++key) texts.put(key, std::string(100, static_cast<char>('a' + n % 26)));
        }
        txn.commit(request.durability);
        break;
      }
      case Task::checkpoint: database->checkpoint(); break;
      case Task::check:
        if (const auto findings = database->check(); !findings.empty()) {
          reply.kind = Reply::Kind::failed;
          set_text(reply, findings.front());
        }
        break;
      case Task::close:
        database->close();
        database.reset();
        break;
    }
  } catch (const Error& error) {
    reply.kind = Reply::Kind::failed;
    reply.code = error.code();
    set_text(reply, error.what());
  } catch (const std::exception& error) {
    reply.kind = Reply::Kind::failed;
    reply.code = ErrorCode::cancelled;
    set_text(reply, error.what());
  }
  return reply;
}

}  // namespace sapwood::test
