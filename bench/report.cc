#include "bench/report.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "bench/harness.h"

namespace bench {

const Series* Row::find(const std::string& store) const {
  const auto found = std::find_if(series.begin(), series.end(), [&](const Series& s) { return s.store == store; });
  return found == series.end() ? nullptr : &*found;
}

std::vector<double> ratios(const Row& row, const Series& series, const Series& base) {
  std::vector<double> result;
  for (std::size_t i = 0; i < std::min(series.rounds.size(), base.rounds.size()); ++i) {
    const double ratio = series.rounds[i] / base.rounds[i];
    result.push_back(row.info.less_is_better ? 1 / ratio : ratio);
  }
  return result;
}

namespace {

// The value that a goal looks at: a median ratio, or a median; nothing if a store was not measured.
std::optional<double> value_for(const Row& row, const Goal& goal) {
  const Series* store = row.find(goal.store);
  if (store == nullptr) return std::nullopt;
  if (goal.versus.empty()) return median(store->rounds);
  const Series* versus = row.find(goal.versus);
  if (versus == nullptr) return std::nullopt;
  return median(ratios(row, *store, *versus));
}

void print_goal(const Row& row, const Goal& goal) {
  const std::optional<double> value = value_for(row, goal);
  if (!value) return;
  const bool at_most = goal.versus.empty() && row.info.less_is_better;
  const bool met = at_most ? *value <= goal.factor : *value >= goal.factor;
  const std::string versus = goal.versus.empty() ? row.info.unit : "times " + goal.versus;
  std::printf("    goal of %s: at %s %g %s: %.3g, %s\n", goal.store.c_str(), at_most ? "most" : "least", goal.factor,
              versus.c_str(), *value, met ? "met" : "MISSED");
}

class JsonFile {
 public:
  explicit JsonFile(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "w"), &std::fclose) {
    require(file_ != nullptr, "cannot write '" + path + "'");
  }

  // `"name": value`; names are the fields of an object in the making.
  void text(const char* name, const std::string& value) { put(name, quoted(value)); }
  void number(const char* name, double value) { put(name, digits(value)); }
  void flag(const char* name, bool value) { put(name, value ? "true" : "false"); }
  void numbers(const char* name, const std::vector<double>& values) {
    std::string list;
    for (const double value : values) list += (list.empty() ? "" : ", ") + digits(value);
    put(name, "[" + list + "]");
  }
  void open(const char* name, char bracket) {
    put(name, std::string(1, bracket));
    first_ = true;
  }
  void close(char bracket) {
    write(std::string(1, bracket));
    first_ = false;
  }
  void finish() {
    write("\n");
    require(std::fclose(file_.release()) == 0, "cannot write '" + path_ + "'");
  }

 private:
  static std::string digits(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
  }
  static std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
    return result + "\"";
  }
  void put(const char* name, const std::string& value) {
    write(first_ ? "\n" : ",\n");
    first_ = false;
    if (*name != '\0') write(quoted(name) + ": ");
    write(value);
  }
  void write(const std::string& text) { std::fputs(text.c_str(), file_.get()); }

  std::string path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  bool first_ = true;
};

void write_row(JsonFile& json, const Row& row) {
  json.open("", '{');
  json.text("name", row.info.name);
  json.text("group", row.info.group);
  json.text("title", row.info.title);
  json.text("unit", row.info.unit);
  json.flag("less_is_better", row.info.less_is_better);
  json.open("goals", '[');
  for (const Goal& goal : row.info.goals) {
    json.open("", '{');
    json.text("store", goal.store);
    json.text("versus", goal.versus);
    json.number("factor", goal.factor);
    json.close('}');
  }
  json.close(']');
  json.open("series", '[');
  for (const Series& series : row.series) {
    json.open("", '{');
    json.text("store", series.store);
    json.numbers("rounds", series.rounds);
    json.close('}');
  }
  json.close(']');
  json.close('}');
}

void write_peers(JsonFile& json, const Peers& peers) {
  json.open("stores", '[');
  for (const StoreKind& kind : peers.stores) {
    json.open("", '{');
    json.text("name", kind.name);
    json.text("title", kind.title);
    json.text("version", kind.version);
    json.text("settings", kind.settings);
    json.text("unsynced", kind.unsynced);
    json.text("durable", kind.durable);
    json.close('}');
  }
  json.close(']');
  json.open("lists", '[');
  for (const ListKind& kind : peers.lists) {
    json.open("", '{');
    json.text("name", kind.name);
    json.text("title", kind.title);
    json.text("settings", kind.settings);
    json.close('}');
  }
  json.close(']');
}

}  // namespace

void print(const Row& row) {
  std::printf("\n%s (%s): %s\n", row.info.name.c_str(), row.info.title.c_str(), row.info.unit.c_str());
  const Series* base = row.find("lmdb");
  if (base == nullptr) base = &row.series.front();
  for (const Series& series : row.series) {
    const std::vector<double> all = ratios(row, series, *base);
    std::printf("    %-16s %14.3f  %8.2fx %s (%.2f - %.2f)\n", series.store.c_str(), median(series.rounds), median(all),
                base->store.c_str(), *std::min_element(all.begin(), all.end()),
                *std::max_element(all.begin(), all.end()));
  }
  for (const Goal& goal : row.info.goals) print_goal(row, goal);
  std::fflush(stdout);
}

void write_json(const std::string& path, const RunFacts& facts, const Peers& peers, const std::vector<Row>& rows) {
  JsonFile json(path);
  json.open("", '{');
  json.number("entries", static_cast<double>(facts.entries));
  json.number("rounds", facts.rounds);
  write_peers(json, peers);
  json.open("rows", '[');
  for (const Row& row : rows) write_row(json, row);
  json.close(']');
  json.close('}');
  json.finish();
}

}  // namespace bench
