// check_json: sapwood/json.h.
#include "sapwood/json.h"

#include "collections/json_text.h"

namespace sapwood {
namespace {

using collections::JsonReader;

void check_value(JsonReader& in, std::size_t depth);

void check_object(JsonReader& in, std::size_t depth) {
  in.expect('{');
  if (in.take('}')) return;
  do {
    in.string(nullptr);
    in.expect(':');
    check_value(in, depth);
  } while (in.take(','));
  in.expect('}');
}

void check_array(JsonReader& in, std::size_t depth) {
  in.expect('[');
  if (in.take(']')) return;
  do check_value(in, depth);
  while (in.take(','));
  in.expect(']');
}

void check_value(JsonReader& in, std::size_t depth) {
  const char first = in.peek();
  if ((first == '{' || first == '[') && depth == kMaxJsonDepth) in.fail("nested more than 512 deep");
  switch (first) {
    case '{': return check_object(in, depth + 1);
    case '[': return check_array(in, depth + 1);
    case '"': return in.string(nullptr);
    case 't': return in.word("true");
    case 'f': return in.word("false");
    case '-': break;
    case 'n': return in.word("null");
    default:
      if (first < '0' || first > '9') in.fail("a value is missing");
  }
  in.number();
}

}  // namespace

void check_json(std::string_view text) {
  JsonReader in(text);
  check_value(in, 0);
  in.end();
}

}  // namespace sapwood
