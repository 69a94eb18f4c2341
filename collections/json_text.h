// The words of JSON (RFC 8259), read one after the other; who calls knows the grammar between them.
#pragma once

#include <string>

#include "base/types.h"

namespace sapwood::collections {

class JsonReader {
 public:
  explicit JsonReader(Bytes text) : text_(text) {}

  // The next character after white space, not taken; 0 at the end.
  char peek();
  // Takes `wanted` if it is next, after white space.
  bool take(char wanted);
  void expect(char wanted);
  // Takes "true", "false" or "null"; throws if it is not there.
  void word(Bytes wanted);
  // Takes a number and returns it as it stands.
  Bytes number();
  // Takes a string, from quote to quote. Without `to` it is only checked.
  void string(std::string* to);
  // Throws unless only white space is left.
  void end();

  // Throws Error{invalid_argument}: "not JSON: at byte 5: <what>".
  [[noreturn]] void fail(const char* what) const;

 private:
  void digits();
  void escape(std::string* to);
  u32 hex4();
  void plain(std::string* to);

  Bytes text_;
  std::size_t at_ = 0;
};

// Appends `text`, which is UTF-8, as a JSON string.
void append_json_string(std::string& to, Bytes text);

}  // namespace sapwood::collections
