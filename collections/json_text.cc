#include "collections/json_text.h"

#include <algorithm>

#include "collections/utf8.h"
#include "sapwood/error.h"

namespace sapwood::collections {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& to, u32 code) {
  const auto tail = [&](unsigned shift) { to += static_cast<char>(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    to += static_cast<char>(code);
  } else if (code < 0x800) {
    to += static_cast<char>(0xc0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    to += static_cast<char>(0xe0 | code >> 12);
    tail(6);
    tail(0);
  } else {
    to += static_cast<char>(0xf0 | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

void JsonReader::fail(const char* what) const {
  throw Error(ErrorCode::invalid_argument, "not JSON: at byte " + std::to_string(at_) + ": " + what);
}

char JsonReader::peek() {
  at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
  return at_ < text_.size() ? text_[at_] : '\0';
}

bool JsonReader::take(char wanted) {
  if (peek() != wanted || at_ == text_.size()) return false;
  ++at_;
  return true;
}

void JsonReader::expect(char wanted) {
  const char what[] = {'\'', wanted, '\'', ' ', 'i', 's', ' ', 'm', 'i', 's', 's', 'i', 'n', 'g', '\0'};
  if (!take(wanted)) fail(what);
}

void JsonReader::word(Bytes wanted) {
  peek();
  if (!text_.substr(at_).starts_with(wanted)) fail("this is no value");
  at_ += wanted.size();
}

void JsonReader::digits() {
  if (at_ == text_.size() || !is_digit(text_[at_])) fail("a digit is missing");
  while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
}

Bytes JsonReader::number() {
  peek();
  const std::size_t begin = at_;
  const auto next = [&] { return at_ < text_.size() ? text_[at_] : '\0'; };
  if (next() == '-') ++at_;
  if (next() == '0') ++at_;
  else digits();
  if (next() == '.') {
    ++at_;
    digits();
  }
  if (next() == 'e' || next() == 'E') {
    ++at_;
    if (next() == '+' || next() == '-') ++at_;
    digits();
  }
  return text_.substr(begin, at_ - begin);
}

// Up to the next quote or backslash.
void JsonReader::plain(std::string* to) {
  const std::size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\') {
    if (static_cast<u8>(text_[at_]) < 0x20) fail("a control character in a string is not escaped");
    ++at_;
  }
  const Bytes part = text_.substr(begin, at_ - begin);
  if (!is_utf8(part)) fail("the string before is not UTF-8");
  if (to != nullptr) *to += part;
}

u32 JsonReader::hex4() {
  u32 code = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    const char lower = static_cast<char>(c | 0x20);
    if (is_digit(c)) code = code << 4 | static_cast<u32>(c - '0');
    else if (lower >= 'a' && lower <= 'f') code = code << 4 | static_cast<u32>(lower - 'a' + 10);
    else fail("a hexadecimal digit is missing");
  }
  return code;
}

void JsonReader::escape(std::string* to) {
  constexpr Bytes kNames = "\"\\/bfnrt";
  constexpr Bytes kMeanings = "\"\\/\b\f\n\r\t";
  const char name = at_ < text_.size() ? text_[at_] : '\0';
  if (name == 'u') {
    ++at_;
    u32 code = hex4();
    if (code >= 0xdc00 && code <= 0xdfff) fail("half of a surrogate pair");
    if (code >= 0xd800 && code <= 0xdbff) {
      if (!text_.substr(at_).starts_with("\\u")) fail("half of a surrogate pair");
      at_ += 2;
      const u32 low = hex4();
      if (low < 0xdc00 || low > 0xdfff) fail("half of a surrogate pair");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (to != nullptr) append_utf8(*to, code);
    return;
  }
  const std::size_t which = kNames.find(name);
  if (name == '\0' || which == Bytes::npos) fail("an escape that does not exist");
  ++at_;
  if (to != nullptr) *to += kMeanings[which];
}

void JsonReader::string(std::string* to) {
  expect('"');
  for (;;) {
    plain(to);
    if (at_ == text_.size()) fail("a string is cut off");
    if (text_[at_++] == '"') return;
    escape(to);
  }
}

void JsonReader::end() {
  peek();
  if (at_ != text_.size()) fail("there is more behind the document");
}

void append_json_string(std::string& to, Bytes text) {
  constexpr const char* kDigits = "0123456789abcdef";
  to += '"';
  for (const char c : text) {
    const u8 byte = static_cast<u8>(c);
    if (c == '"' || c == '\\') (to += '\\') += c;
    else if (c == '\n') to += "\\n";
    else if (c == '\t') to += "\\t";
    else if (byte < 0x20) ((to += "\\u00") += kDigits[byte >> 4]) += kDigits[byte & 15];
    else to += c;
  }
  to += '"';
}

}  // namespace sapwood::collections
