#include "cli/scratch_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace sapwood::cli {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};
constexpr std::array<const char*, 4> kNames{"/bench.sapwood", "/bench.sapwood-log", "/bench.sapwood-lock", "/syncs"};
constexpr std::size_t kMaxPath = 4096;

// What the signal handler removes. It may allocate nothing and call little, so all is prepared, and static.
struct Doomed {
  char folder[kMaxPath];
  char files[kNames.size()][kMaxPath];
  std::array<struct sigaction, kSignals.size()> before;
};
Doomed doomed;

void remove_all() {
  for (const auto& file : doomed.files) unlink(file);
  rmdir(doomed.folder);
}

void remove_and_die(int number) {
  remove_all();
  signal(number, SIG_DFL);
  raise(number);
}

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = remove_and_die;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &doomed.before[i]);
    if (doomed.before[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
  }
}

}  // namespace

SignalsWait::SignalsWait() {
  sigset_t waiting;
  sigemptyset(&waiting);
  for (const int number : kSignals) sigaddset(&waiting, number);
  sigprocmask(SIG_BLOCK, &waiting, &before_);
}

SignalsWait::~SignalsWait() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

ScratchFolder::ScratchFolder(const std::string& parent) {
  std::string path = parent + "/sapwood-bench-XXXXXX";
  if (path.size() + 32 > kMaxPath) throw std::runtime_error(parent + ": this path is too long");
  const auto copy = [](const std::string& from, char* to) { from.copy(to, from.size()); };  // zeros follow
  const SignalsWait until_all_is_prepared;
  if (mkdtemp(path.data()) == nullptr) {
    const int error = errno;
    throw std::runtime_error("no file can be made in " + parent + ": " + std::strerror(error));
  }
  doomed = {};
  copy(path, doomed.folder);
  for (std::size_t i = 0; i < kNames.size(); ++i) copy(path + kNames[i], doomed.files[i]);
  handle_signals();
}

ScratchFolder::~ScratchFolder() {
  remove_all();
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &doomed.before[i], nullptr);
}

std::string ScratchFolder::database() const { return doomed.files[0]; }
std::string ScratchFolder::plain_file() const { return doomed.files[3]; }

}  // namespace sapwood::cli
