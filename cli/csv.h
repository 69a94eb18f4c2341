// CSV as RFC 4180 says it: fields between delimiters; those with quotes, delimiters or line ends in them stand between
// quotes, a quote in them doubled. Lines end in \n or \r\n, within quotes they are kept as they are.
//
// Two things the RFC leaves open: blank lines are no records, so a record of one blank field is quoted; and a byte
// order mark at the start of a file is skipped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/line_source.h"

namespace sapwood::cli {

// One character, or "tab". Throws UsageError.
char parse_delimiter(const std::string& text);

// Adds a field, quoted if it must be. `alone`: the record has no other.
void append_csv_field(std::string& to, std::string_view text, char delimiter, bool alone);

class CsvRecords {
 public:
  CsvRecords(LineSource& source, char delimiter) : source_(source), delimiter_(delimiter) {}

  // The fields of the next record; false at the end. Throws BadRecord and can go on behind the line that is wrong.
  bool next(std::vector<std::string>& fields);
  // Where the record that next() gave starts.
  std::uint64_t line() const { return first_line_; }

 private:
  void read_field(std::string& field);
  void read_quoted(std::string& field);
  bool at_end() const;  // of the record

  LineSource& source_;
  char delimiter_;
  std::string_view text_;  // the current line, with its end
  std::size_t at_ = 0;
  std::uint64_t first_line_ = 0;
};

}  // namespace sapwood::cli
