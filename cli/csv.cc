#include "cli/csv.h"

#include "cli/command.h"
#include "cli/encoding.h"
#include "cli/import_reader.h"

namespace sapwood::cli {

char parse_delimiter(const std::string& text) {
  if (text == "tab" || text == "\\t") return '\t';
  const bool usable = text.size() == 1 && text != "\"" && text != "\n" && text != "\r" && utf8_length(text) == 1;
  if (!usable) throw UsageError("--delimiter must be one character of ASCII but no quote, or tab; not '" + text + "'");
  return text[0];
}

void append_csv_field(std::string& to, std::string_view text, char delimiter, bool alone) {
  const bool is_blank = text.find_first_not_of(" \t") == std::string_view::npos;
  const bool has_mark = text.starts_with("\xef\xbb\xbf");
  const bool is_special = text.find_first_of("\"\r\n") != std::string_view::npos || text.find(delimiter) != text.npos;
  if (!is_special && !has_mark && !(alone && is_blank)) {
    to += text;
    return;
  }
  to += '"';
  for (const char c : text) {
    if (c == '"') to += '"';
    to += c;
  }
  to += '"';
}

bool CsvRecords::at_end() const {
  const std::string_view rest = text_.substr(at_);
  return rest.empty() || rest == "\n" || rest == "\r\n";
}

bool CsvRecords::next(std::vector<std::string>& fields) {
  fields.clear();
  at_ = 0;
  do {
    if (!source_.next_whole(text_)) return false;
  } while (at_end());
  first_line_ = source_.line();
  for (;;) {
    read_field(fields.emplace_back());
    if (at_end()) return true;
    if (text_[at_] != delimiter_) {
      throw BadRecord(source_.line(), "behind a closing quote there must be a delimiter or the end of the line");
    }
    ++at_;
  }
}

void CsvRecords::read_field(std::string& field) {
  if (at_ < text_.size() && text_[at_] == '"') return read_quoted(field);
  const std::size_t end = text_.find(delimiter_, at_);
  field = text_.substr(at_, end == text_.npos ? end : end - at_);
  at_ += field.size();
  if (end == text_.npos) {
    if (field.ends_with('\n')) field.pop_back();
    if (field.ends_with('\r')) field.pop_back();
  }
  if (field.find('"') == field.npos) return;
  throw BadRecord(source_.line(),
                  "a quote within a field that does not begin with one; quote the field, and double it");
}

void CsvRecords::read_quoted(std::string& field) {
  const std::uint64_t opened = source_.line();
  for (++at_;;) {
    const std::size_t quote = text_.find('"', at_);
    field += text_.substr(at_, quote == text_.npos ? quote : quote - at_);
    if (quote == text_.npos) {
      at_ = 0;
      if (!source_.next_whole(text_)) throw BadRecord(opened, "a quote that opens a field here is never closed");
      continue;
    }
    at_ = quote + 1;
    if (at_ == text_.size() || text_[at_] != '"') return;
    field += '"';
    ++at_;
  }
}

}  // namespace sapwood::cli
