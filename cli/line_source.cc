#include "cli/line_source.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace sapwood::cli {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view without_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

[[noreturn]] void throw_unreadable(const std::string& name) {
  throw std::runtime_error(name + " cannot be read: " + std::strerror(errno));
}

}  // namespace

void LineSource::FreeBuffer::operator()(char* buffer) const { std::free(buffer); }  // as getline asks

LineSource::LineSource(const std::string& path)
    : name_(path == "-" ? "standard input" : path), file_(path == "-" ? stdin : std::fopen(path.c_str(), "rb")) {
  if (!file_) throw_unreadable(name_);
  struct stat facts {};
  if (fstat(fileno(file_.get()), &facts) != 0) throw_unreadable(name_);
  if (S_ISDIR(facts.st_mode)) throw std::runtime_error(name_ + " is a directory; name a file in it");
  if (S_ISREG(facts.st_mode)) size_ = static_cast<std::uint64_t>(facts.st_size);
}

bool LineSource::read_line(std::string_view& line) {
  char* buffer = buffer_.release();
  errno = 0;
  const ssize_t length = getline(&buffer, &capacity_, file_.get());
  buffer_.reset(buffer);
  if (length < 0) {
    if (std::ferror(file_.get()) != 0 || errno == ENOMEM) throw_unreadable(name_);
    return false;
  }
  bytes_read_ += static_cast<std::uint64_t>(length);
  ++line_;
  line = std::string_view(buffer, static_cast<std::size_t>(length));
  if (line_ == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  return true;
}

bool LineSource::next(std::string_view& line) {
  if (!next_whole(line)) return false;
  line = without_end(line);
  return true;
}

bool LineSource::next_whole(std::string_view& line) {
  if (!peeked_) return read_line(line);
  peeked_ = false;
  line = ahead_;
  return line_ != 0;
}

std::string_view LineSource::peek() {
  while (read_line(ahead_)) {
    if (ahead_.find_first_not_of(" \t\r\n") == std::string_view::npos) continue;
    peeked_ = true;
    return without_end(ahead_);
  }
  return {};
}

}  // namespace sapwood::cli
