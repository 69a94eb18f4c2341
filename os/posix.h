// Private parts of the POSIX implementation of os/file.h, shared by os/posix_*.cc and their tests.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "os/file.h"
#include "sapwood/error.h"

namespace sapwood::os {

// What a failed call was meant to do; decides the code of the error.
enum class Intent : u8 { read, write };

// The code for an errno: ENOSPC, EDQUOT, EFBIG disk_full; EACCES, EPERM, EROFS, ETXTBSY, EBADF read_only if the intent
// was to write; and so on; io for the rest.
ErrorCode error_code_of(int error_number, Intent intent);

// Throws Error{code, "cannot <action>: <text of error_number>"}, for instance "cannot write a.db at 8192: ...".
[[noreturn]] void throw_errno(const std::string& action, int error_number, Intent intent);

// Calls `call` until it does not fail with EINTR.
template <class Function>
auto retry_interrupted(Function call) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

// As pread and pwritev with the descriptor bound; tests pass ones that transfer little or fail.
using ReadCall = std::function<ssize_t(void* to, std::size_t size, u64 offset)>;
using WriteCall = std::function<ssize_t(const iovec* parts, int count, u64 offset)>;

// Reads until `size` bytes are there or the file ends. `path` is for messages.
std::size_t read_fully(const ReadCall& call, const std::string& path, u64 offset, void* to, std::size_t size);

// Writes all parts, at most IOV_MAX a call. `path` is for messages.
void write_fully(const WriteCall& call, const std::string& path, u64 offset, std::span<const WritePart> parts);

// Writes zeros over [from, to): how a file grows where the system cannot reserve space.
void write_zeros(int descriptor, const std::string& path, u64 from, u64 to);

// Owns a descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

// `path` for the system. Throws Error{invalid_argument} if it is empty or holds a zero byte.
const char* system_path(const std::string& path);

// The folder part of a path: "a/b" gives "a", "b" gives ".", "/b" gives "/".
std::string folder_of(const std::string& path);

// Takes an open descriptor of a regular file.
std::unique_ptr<File> make_posix_file(Descriptor descriptor, const std::string& path);
std::unique_ptr<FileSystem> make_posix_file_system();

// Zeroed private memory, backed only where touched.
std::unique_ptr<Mapping> reserve_private_memory(u64 size);

}  // namespace sapwood::os
