// sapwood stats FILE [COLLECTION]: where the pages and bytes of a file are.
#include <fmt/format.h>

#include "cli/encoding.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

constexpr const char* kHelp =
    "All pages but those of large values are read, and each is verified. What is not \"in use\" on a page is room for\n"
    "entries to come. Keys and values are counted as they are stored: keys of dicts and sets with 8 bytes of hash.\n"
    "\"large\" is the part of the values that lies outside of the leaves. What only a program that has the file open\n"
    "knows (readers and what they hold back, log, memory), Database::metrics() tells it.\n\n"
    "Examples:\n"
    "  sapwood stats lab.sapwood\n"
    "  sapwood stats lab.sapwood mass\n"
    "  sapwood stats lab.sapwood --json | jq '.collections[] | {name, key_bytes, value_bytes}'";

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "";
  return fmt::format("{:.0f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::uint64_t bytes_in_use(const TreeMetrics& tree) {
  return tree.branch_bytes + tree.leaf_bytes + tree.value_bytes_in_runs;
}

void add_pages(Table& table, std::uint32_t page_size, const std::string& what, std::uint64_t pages,
               std::optional<std::uint64_t> used = {}) {
  const std::uint64_t bytes = pages * page_size;
  table.add({what, with_thousands(pages), size_text(bytes), used ? share_text(*used, bytes) : ""});
}

void print_pages(const Metrics& metrics) {
  const Info& info = metrics.info;
  const TreeMetrics& all = metrics.all_collections;
  std::uint64_t fixed_leaf_bytes = 0;  // a collection has leaves of one kind
  for (const CollectionMetrics& one : metrics.collections) {
    if (one.tree.fixed_leaf_pages != 0) fixed_leaf_bytes += one.tree.leaf_bytes;
  }
  Table table("lrrr");
  table.add({"pages", "number", "size", "in use"});
  add_pages(table, info.page_size, "branches", all.branch_pages, all.branch_bytes);
  add_pages(table, info.page_size, "leaves", all.leaf_pages, all.leaf_bytes - fixed_leaf_bytes);
  add_pages(table, info.page_size, "fixed leaves", all.fixed_leaf_pages, fixed_leaf_bytes);
  add_pages(table, info.page_size, "large values", all.value_pages, all.value_bytes_in_runs);
  add_pages(table, info.page_size, "catalog", metrics.catalog.pages(), bytes_in_use(metrics.catalog));
  add_pages(table, info.page_size, "bitmaps", metrics.bitmap_pages);
  add_pages(table, info.page_size, "metas", metrics.meta_pages);
  if (info.pending_pages != 0) add_pages(table, info.page_size, "pending", info.pending_pages);
  add_pages(table, info.page_size, "free", info.free_pages);
  add_pages(table, info.page_size, "all", info.page_count);
  table.print();
  if (!metrics.space || info.free_pages == 0) return;
  const std::uint64_t inside = info.free_pages - std::min(info.free_pages, metrics.space->tail_pages);
  print("free pages are " + counted(metrics.space->free_runs, "run") + ", the longest of " +
        counted(metrics.space->longest_free_run, "page") + "; " + share_text(inside, info.page_count) +
        " of the file is free between live pages\n");
}

void print_collections(const std::vector<CollectionMetrics>& collections, std::uint32_t page_size) {
  Table table("llrrrrrrrr");
  table.add({"collection", "types", "entries", "height", "pages", "size", "in use", "keys", "values", "large"});
  for (const CollectionMetrics& one : collections) {
    const TreeMetrics& tree = one.tree;
    const std::uint64_t bytes = tree.pages() * page_size;
    table.add({escaped(one.info.name), describe(one.info.types), with_thousands(one.info.count),
               std::to_string(tree.height), with_thousands(tree.pages()), size_text(bytes),
               share_text(bytes_in_use(tree), bytes), size_text(tree.key_bytes), size_text(tree.value_bytes),
               tree.value_bytes_in_runs == 0 ? "" : size_text(tree.value_bytes_in_runs)});
  }
  table.print();
}

void add_tree(Json& json, const TreeMetrics& tree) {
  json["height"] = tree.height;
  json["branch_pages"] = tree.branch_pages;
  json["leaf_pages"] = tree.leaf_pages;
  json["fixed_leaf_pages"] = tree.fixed_leaf_pages;
  json["value_pages"] = tree.value_pages;
  json["branch_bytes"] = tree.branch_bytes;
  json["leaf_bytes"] = tree.leaf_bytes;
  json["key_bytes"] = tree.key_bytes;
  json["value_bytes"] = tree.value_bytes;
  json["value_bytes_in_runs"] = tree.value_bytes_in_runs;
}

Json as_json(const CollectionMetrics& metrics) {
  Json json = collection_json(metrics.info);
  add_tree(json, metrics.tree);
  return json;
}

Json as_json(const Metrics& metrics, const std::string& file) {
  const Info& info = metrics.info;
  Json catalog = Json::object();
  add_tree(catalog, metrics.catalog);
  Json collections = Json::array();
  for (const CollectionMetrics& one : metrics.collections) collections.push_back(as_json(one));
  Json json = Json::object({{"file", file},
                            {"page_size", info.page_size},
                            {"pages", info.page_count},
                            {"meta_pages", metrics.meta_pages},
                            {"bitmap_pages", metrics.bitmap_pages},
                            {"live_pages", info.live_pages},
                            {"pending_pages", info.pending_pages},
                            {"free_pages", info.free_pages},
                            {"txn", info.txn}});
  if (metrics.space) {
    json["free_runs"] = metrics.space->free_runs;
    json["longest_free_run"] = metrics.space->longest_free_run;
    json["tail_pages"] = metrics.space->tail_pages;
  }
  json["catalog"] = catalog;
  json["collections"] = collections;
  return json;
}

int stats_of_file(const Command& command, const Database& database, const Progress& progress) {
  const Metrics metrics = database.metrics(progress);
  if (command.json()) {
    print_json(as_json(metrics, command.file()));
    return kOk;
  }
  const Info& info = metrics.info;
  print(command.file() + ": " + size_text(info.file_bytes) + " in pages of " + size_text(info.page_size) + "\n\n");
  print_pages(metrics);
  if (metrics.collections.empty()) return kOk;
  print("\n");
  print_collections(metrics.collections, info.page_size);
  return kOk;
}

}  // namespace

int run_stats(Command& command) {
  std::optional<std::string> name;
  command.optional("COLLECTION", name, "only this one; reads no pages of others");
  command.footer(kHelp);
  command.parse();

  const Database database = open_to_read(command.file());
  if (name) find_collection(database, database.read(), *name);
  ProgressLine line("stats", "pages");
  const Progress progress = [&line](std::uint64_t done, std::uint64_t total) {
    line.update({done, total});
    return true;
  };
  if (!name) return stats_of_file(command, database, progress);
  const CollectionMetrics metrics = database.metrics(*name, progress);
  if (command.json()) print_json(as_json(metrics));
  else print_collections({metrics}, database.info().page_size);
  return kOk;
}

}  // namespace sapwood::cli
