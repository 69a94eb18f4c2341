// Lines of a file or of standard input, with their numbers. A byte order mark at the start is skipped.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sapwood::cli {

class LineSource {
 public:
  // "-" is standard input. Throws std::runtime_error that names the file.
  explicit LineSource(const std::string& path);
  // Takes the stream over; `name` is for messages.
  LineSource(std::string name, std::FILE* stream) : name_(std::move(name)), file_(stream) {}

  // The next line without its end (\n or \r\n), valid until the next call; false at the end.
  bool next(std::string_view& line);
  // The same with its end.
  bool next_whole(std::string_view& line);
  // The first line that is not blank, without taking it; "" if there is none. Requires: next() was not called yet.
  std::string_view peek();

  const std::string& name() const { return name_; }
  std::uint64_t line() const { return line_; }  // number of the line that next() gave, from 1
  std::uint64_t bytes_read() const { return bytes_read_; }
  std::uint64_t size() const { return size_; }  // 0 if not known

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const {
      if (file != stdin) std::fclose(file);
    }
  };
  struct FreeBuffer {
    void operator()(char* buffer) const;
  };
  bool read_line(std::string_view& line);

  std::string name_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::unique_ptr<char, FreeBuffer> buffer_;
  std::size_t capacity_ = 0;
  bool peeked_ = false;
  std::string_view ahead_;  // with its end
  std::uint64_t line_ = 0;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace sapwood::cli
