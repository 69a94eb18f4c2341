#include "sapwood/uuid.h"

#include <algorithm>

#include "collections/hex.h"
#include "sapwood/error.h"

namespace sapwood {
namespace {

constexpr std::size_t kDashes[] = {8, 13, 18, 23};  // in the text

}  // namespace

std::string Uuid::text() const {
  std::string text = collections::to_hex(std::as_bytes(std::span(bytes)));
  for (const std::size_t at : kDashes) text.insert(at, 1, '-');
  return text;
}

Uuid Uuid::parse(std::string_view text) {
  std::string digits(text);
  const bool dashed =
      digits.size() == 36 && std::ranges::all_of(kDashes, [&](std::size_t at) { return text[at] == '-'; });
  if (dashed) std::erase(digits, '-');
  const std::optional<std::vector<std::byte>> bytes = collections::from_hex(digits);
  if (!bytes || bytes->size() != sizeof(Uuid)) {
    throw Error(ErrorCode::invalid_argument,
                "'" + std::string(text.substr(0, 60)) +
                    "' is not a value of type uuid: expected 32 hexadecimal digits, such as "
                    "0190163d-8694-739b-aea5-966c26f8ad91");
  }
  Uuid uuid;
  std::memcpy(uuid.bytes.data(), bytes->data(), sizeof(Uuid));
  return uuid;
}

}  // namespace sapwood
