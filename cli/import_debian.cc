// Debian control files: package indexes (`apt-cache dumpavail`, Packages, Sources) and /var/lib/dpkg/status.
#include <cctype>

#include "cli/import_reader.h"
#include "cli/text_value.h"
#include "sapwood/error.h"

namespace sapwood::cli {
namespace {

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == std::string_view::npos; }

bool is_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos || line[0] == '-') return false;
  for (const char c : line.substr(0, colon)) {
    if (c <= ' ' || c == 0x7f) return false;
  }
  return true;
}

bool same_name(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The value of a field, with its continuation lines as they are.
std::optional<std::string> find_field(std::string_view stanza, std::string_view name) {
  bool inside = false;
  std::optional<std::string> value;
  while (!stanza.empty()) {
    const std::size_t end = stanza.find('\n');
    const std::string_view line = stanza.substr(0, end);
    stanza.remove_prefix(end == std::string_view::npos ? stanza.size() : end + 1);
    if (line.starts_with(' ') || line.starts_with('\t')) {
      if (inside) *value += "\n" + std::string(line);
      continue;
    }
    if (inside) break;
    const std::size_t colon = line.find(':');
    inside = colon != std::string_view::npos && same_name(line.substr(0, colon), name);
    if (inside) value = std::string(trimmed(line.substr(colon + 1)));
  }
  return value;
}

class DebianReader : public ImportReader {
 public:
  DebianReader(LineSource& source, const CollectionTypes& types, ImportFields fields)
      : source_(source), types_(types), fields_(std::move(fields)) {}

  std::optional<ImportItem> next() override {
    if (!read_stanza()) return std::nullopt;
    try {
      ImportItem item;
      if (fields_.key) item.entry.key = parse_field(types_.key, *fields_.key);
      if (fields_.value) item.entry.value = parse_field(types_.value, *fields_.value);
      else item.entry.value = whole_stanza();
      return item;
    } catch (const Error& error) {
      throw BadRecord(first_line_, error.what());
    }
  }

 private:
  // Takes lines up to the blank one behind the stanza, also if one is bad.
  bool read_stanza() {
    stanza_.clear();
    std::optional<BadRecord> bad;
    std::string_view line;
    bool any = false;
    while (source_.next(line)) {
      if (line.starts_with('#')) continue;
      if (is_blank(line)) {
        if (any) break;
        continue;
      }
      if (!any) first_line_ = source_.line();
      const bool continues = any && (line[0] == ' ' || line[0] == '\t');
      any = true;
      if (!continues && !is_field(line) && !bad) {
        bad.emplace(source_.line(), "neither \"Field: value\" nor the continuation of one");
      }
      stanza_ += line;
      stanza_ += '\n';
    }
    if (bad) throw BadRecord(*bad);
    if (any) stanza_.pop_back();
    return any;
  }

  std::string field(const std::string& name) const {
    std::optional<std::string> value = find_field(stanza_, name);
    if (!value) throw BadRecord(first_line_, "the record that starts here has no field '" + name + "'");
    return *std::move(value);
  }
  AnyValue parse_field(const TypeInfo& type, const std::string& name) const {
    const std::string text = field(name);
    return parse_argument(type, type.type == ValueType::bytes ? "text:" + text : text);
  }
  AnyValue whole_stanza() const {
    return parse_argument(types_.value, types_.value.type == ValueType::bytes ? "text:" + stanza_ : stanza_);
  }

  LineSource& source_;
  CollectionTypes types_;
  ImportFields fields_;
  std::string stanza_;
  std::uint64_t first_line_ = 0;
};

}  // namespace

std::unique_ptr<ImportReader> read_debian(LineSource& source, const CollectionTypes& types, ImportFields fields) {
  return std::make_unique<DebianReader>(source, types, std::move(fields));
}

}  // namespace sapwood::cli
