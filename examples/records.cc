// What records do: rows of named fields. Prints what they hold after each step.
#include <sapwood/sapwood.h>
#include <cstdio>

namespace {

using sapwood::AnyValue;

void print(const char* what, const sapwood::Records<AnyValue>& rows) {
  std::printf("%s\n", what);
  for (const auto& row : rows) {
    if (!row) {
      std::printf("  placeholder\n");
      continue;
    }
    for (const auto& [name, value] : *row) std::printf("  %s=%s", name.c_str(), sapwood::format_value(value).c_str());
    std::printf(row->empty() ? "  no fields\n" : "\n");
  }
}

}  // namespace

int main() {
  auto db = sapwood::Database::open("records.sapwood");
  auto frames = db.records<AnyValue>("frames");  // each call is its own transaction
  frames.append({{"name", "water"}, {"energy", -76.4}});
  frames.append({{"name", "argon"}, {"noble", true}});
  frames.append_placeholders(1);
  print("append", frames);

  frames.update(0, {{"energy", -76.5}, {"charge", 0}});  // the other fields stay
  frames.update(2, {});                                  // a row now, though without fields
  print("update", frames);

  std::printf("field    %s\n", sapwood::format_value(frames.field(0, "energy").value()).c_str());
  for (const auto& [index, energy] : frames.column("energy"))
    std::printf("column   %llu %s\n", static_cast<unsigned long long>(index),
                energy ? sapwood::format_value(*energy).c_str() : "none");

  frames.drop({"charge", "noble"});  // from all rows
  print("drop", frames);
}
