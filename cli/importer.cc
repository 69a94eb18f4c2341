#include "cli/importer.h"

#include <cstdio>

#include "cli/command.h"
#include "cli/open.h"
#include "cli/output.h"

namespace sapwood::cli {
namespace {

constexpr std::uint64_t kBatchBytes = 32u << 20;  // of the source, so that a batch fits memory
constexpr std::uint64_t kShownBadRecords = 10;

}  // namespace

Importer::Importer(Database& database, LineSource& source, Settings settings)
    : database_(database), source_(source), settings_(std::move(settings)) {}

void Importer::run(ImportReader& reader, std::optional<ImportTarget> first) {
  if (first) start(*std::move(first));
  while (!at_end_) {
    if (target_) {
      store_batch(reader);
    } else if (std::optional<ImportItem> item = next_item(reader)) {
      announced_ = std::move(item->target);
      is_renamed_ = settings_.into.has_value();
    } else {
      at_end_ = true;
    }
    if (announced_) {
      start(*std::move(announced_));
      announced_.reset();
      at_end_ = false;
    }
  }
  progress_.clear();
  if (skipped_ > kShownBadRecords) {
    std::fprintf(stderr, "sapwood: ... and %s more\n", with_thousands(skipped_ - kShownBadRecords).c_str());
  }
}

void Importer::start(ImportTarget target) {
  if (settings_.into) target.name = *settings_.into;
  target_ = std::move(target);
  empty_first_ = settings_.replace;
  way_.clear();
  tallies_.push_back({.collection = target_->name, .types = target_->types});
}

void Importer::store_batch(ImportReader& reader) {
  WriteTxn txn = database_.begin_write();
  // One that exists keeps its own options.
  AnyCollection collection =
      txn.any(target_->name, target_->types, txn.has(target_->name) ? CollectionOptions() : target_->options);
  if (empty_first_) collection.clear();
  const std::uint64_t size_before = collection.size();
  in_batch_ = 0;
  batch_start_ = source_.bytes_read();
  const ValueType values = target_->types.value.type;
  const bool may_nest = values == ValueType::collection || values == ValueType::any;
  const std::uint64_t count = may_nest ? store_nested(reader, collection) : store_entries(reader, collection);
  const std::uint64_t size = collection.size();
  txn.commit(Durability::async);
  empty_first_ = false;
  Tally& tally = tallies_.back();
  tally.added += size - size_before;
  tally.replaced += count - (size - size_before);
  tally.size = size;
}

// The next record, or nullopt if it is not for this batch.
std::optional<ImportItem> Importer::next_of_batch(ImportReader& reader) {
  const bool is_full = in_batch_ == settings_.batch || source_.bytes_read() - batch_start_ > kBatchBytes;
  if (is_full && !is_renamed_) return std::nullopt;
  std::optional<ImportItem> item = next_item(reader);
  at_end_ = !item;
  if (!item) return std::nullopt;
  if (item->target) {
    if (is_renamed_) {  // before anything was committed
      throw UsageError("--into is for one collection; " + source_.name() + " holds several. Nothing was stored");
    }
    announced_ = std::move(item->target);
    return std::nullopt;
  }
  ++in_batch_;
  return item;
}

std::uint64_t Importer::store_entries(ImportReader& reader, AnyCollection& collection) {
  collection.extend([&]() -> std::optional<AnyEntry> {
    std::optional<ImportItem> item = next_of_batch(reader);
    if (!item) return std::nullopt;
    return std::move(item->entry);
  });
  return in_batch_;
}

// Where values may be collections; the result counts the entries of `collection` itself. A batch may end in the midst
// of a nested one: the next goes on there.
std::uint64_t Importer::store_nested(ImportReader& reader, const AnyCollection& collection) {
  std::uint64_t count = 0;
  std::vector<AnyCollection> open{collection};
  for (const Nested& below : way_) open.push_back(open.back().open(below));
  while (const std::optional<ImportItem> item = next_of_batch(reader)) {
    way_.resize(item->depth);
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(item->depth) + 1, open.end());
    count += item->depth == 0 ? 1 : 0;
    AnyCollection& to = open.back();
    const bool keyed = to.types().has_keys();
    if (!item->opens) {
      if (keyed) to.put(item->entry.key, item->entry.value);
      else to.push_back(item->entry.value);
      continue;
    }
    const std::uint64_t end = keyed ? 0 : to.size();
    AnyCollection made = keyed ? to.create(item->entry.key, *item->opens) : to.create_at(end, *item->opens);
    way_.push_back(std::get<Nested>(keyed ? *to.get(item->entry.key) : to.at(end).value));
    open.push_back(std::move(made));
  }
  return count;
}

std::optional<ImportItem> Importer::next_item(ImportReader& reader) {
  while (true) {
    progress_.update({source_.bytes_read(), source_.size()}, counted(stored(), "record") + " stored");
    try {
      return reader.next();
    } catch (const BadRecord& bad) {
      if (!settings_.skip_bad) throw;
      if (++skipped_ > kShownBadRecords) continue;
      progress_.clear();
      std::fprintf(stderr, "sapwood: import: skipped %s:%llu: %s\n", source_.name().c_str(),
                   static_cast<unsigned long long>(bad.line), bad.what());
    }
  }
}

std::uint64_t Importer::stored() const {
  std::uint64_t sum = 0;
  for (const Tally& tally : tallies_) sum += tally.added + tally.replaced;
  return sum;
}

}  // namespace sapwood::cli
