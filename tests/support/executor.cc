#include "tests/support/executor.h"

#include <algorithm>

namespace sapwood::test {

Executor::Executor(Settings settings, History history) : settings_(std::move(settings)), history_(std::move(history)) {}

Executor::~Executor() { abandon(); }

template <class Function>
decltype(auto) Executor::library(Function&& function) {
  struct Inside {
    const std::function<void(bool)>& tell;
    explicit Inside(const std::function<void(bool)>& told) : tell(told) {
      if (tell) tell(true);
    }
    ~Inside() {
      if (tell) tell(false);
    }
  };
  const Inside inside(settings_.around_calls);
  return function();
}

bool Executor::open(std::optional<std::size_t> crash_floor) {
  try {
    library([&] { database_.emplace(Database::open(settings_.path, settings_.options)); });
  } catch (const Error& error) {
    if (!settings_.faults || error.code() == ErrorCode::corrupt) throw;
    ++failures_;
    return false;
  } catch (const std::bad_alloc&) {
    if (!settings_.faults) throw;
    ++failures_;
    return false;
  }
  if (!crash_floor && !settings_.faults && !history_.has_attempt()) {
    require_equal(*database_, history_.newest(), ++steps_);
    if (!settings_.all_states) history_.restart(history_.newest_index());
  } else {
    Model found;
    try {
      found = dump(*database_);
    } catch (const Error& error) {
      if (!settings_.faults || error.code() == ErrorCode::corrupt) throw;
      ++failures_;
      database_.reset();
      return false;
    }
    const std::size_t oldest = crash_floor.value_or(floor());
    const std::optional<std::size_t> index = history_.find(found, oldest);
    if (!index) {
      const std::optional<std::size_t> older = history_.find(found, 0);
      throw Disagreement("after opening: " +
                         (older ? "state " + std::to_string(*older) + ", older than " + std::to_string(oldest) +
                                      " of " + std::to_string(history_.states().size())
                                : "no whole state: " + difference(found, history_.newest())));
    }
    history_.restart(*index);
  }
  failed_since_open_ = false;
  if (settings_.after_commit) settings_.after_commit();
  return true;
}

void Executor::end_transaction() {
  txn_faces_.clear();
  txn_.reset();
  while (!savepoints_.empty()) savepoints_.pop_back();
  working_.reset();
}

void Executor::close() {
  end_transaction();
  snapshots_.clear();
  automatic_faces_.clear();
  if (!database_) return;
  try {
    library([&] { database_->close(); });
  } catch (...) {
    database_.reset();
    throw;
  }
  history_.all_durable();
  database_.reset();
}

void Executor::abandon() {
  end_transaction();
  snapshots_.clear();
  automatic_faces_.clear();
  database_.reset();
}

void Executor::execute(const Operation& operation) {
  ++steps_;
  if (!settings_.all_states) history_.forget(settings_.crashes || settings_.faults);
  if (!settings_.faults) {
    try {
      execute_checked(operation);
    } catch (const Error& error) {
      throw Disagreement(std::string("unexpected error: ") + error_code_name(error.code()) + ": " + error.what());
    }
    return;
  }
  in_commit_ = false;
  try {
    if (!database_ && !open()) return;
    execute_checked(operation);
  } catch (const Error& error) {
    recover_from(error, error.code());
  } catch (const std::bad_alloc& error) {
    recover_from(error, std::nullopt);
  }
}

void Executor::execute_checked(const Operation& operation) {
  const KnownCollection& known = known_collections().at(operation.collection % known_collections().size());
  switch (operation.kind) {
    case OperationKind::drop: return drop(operation, known);
    case OperationKind::rename: return rename(operation);
    case OperationKind::nest: return nest(operation);
    case OperationKind::read: return read(operation, known);
    case OperationKind::savepoint: return savepoint();
    case OperationKind::roll_back_to: return roll_back_to(operation.place);
    case OperationKind::release:
      if (savepoints_.empty()) return;
      savepoints_.back().point.release();
      savepoints_.pop_back();
      return;
    case OperationKind::commit: return commit(operation.durability);
    case OperationKind::roll_back:
      if (txn_) txn_->rollback();
      return end_transaction();
    case OperationKind::take_snapshot: return take_snapshot();
    case OperationKind::check_snapshot: return check_snapshot(operation.place);
    case OperationKind::big_commit: return big_commit(operation);
    case OperationKind::toggle_named: return toggle_named(operation);
    default: break;
  }
  const bool changes = operation.kind < OperationKind::drop;
  if (changes) return change(operation);
  if (txn_) commit(operation.durability);
  switch (operation.kind) {
    case OperationKind::checkpoint: library([&] { database_->checkpoint(); }); return history_.all_durable();
    case OperationKind::compact: library([&] { database_->compact(); }); return history_.all_durable();
    case OperationKind::sync: library([&] { database_->sync(); }); return history_.all_durable();
    case OperationKind::reopen:
      close();
      open();
      return;
    default: return verify();
  }
}

void Executor::begin() {
  if (txn_) return;
  library([&] { txn_.emplace(database_->begin_write()); });
  working_ = history_.newest();
}

void Executor::change(const Operation& operation) {
  // Operations of the other kind of collection go to the next collection.
  const bool for_lists = operation.kind == OperationKind::insert || operation.kind == OperationKind::push_back ||
                         operation.kind == OperationKind::set || operation.kind == OperationKind::assign;
  const auto fits = [&](const KnownCollection& known) {
    const bool is_list = !known.types.has_keys();
    if (operation.kind == OperationKind::combine)
      return !known.types.has_values() || known.types.kind == CollectionKind::records;
    return operation.kind == OperationKind::put ? !is_list : !for_lists || is_list;
  };
  std::size_t number = operation.collection % known_collections().size();
  while (!fits(known_collections()[number])) number = (number + 1) % known_collections().size();
  const KnownCollection& known = known_collections()[number];
  if (operation.automatic && !txn_) return change_automatically(operation, known);
  change_in_transaction(operation, known);
}

void Executor::change_in_transaction(const Operation& operation, const KnownCollection& known) {
  begin();
  std::unique_ptr<Face>& face = txn_faces_[known.name];
  if (face == nullptr) face = library([&] { return face_of(*txn_, known.name, known.types, known.options); });
  const std::string result = library([&] { return perform(operation, known, settings_.scale, *face); });
  ModelCollection& collection = working_->edit(known.name, known.types);
  const std::string expected = perform(operation, known, settings_.scale,
                                       *model_face(collection, scale_of(settings_.scale, known.types).max_key()));
  if (result != expected) throw Disagreement(describe(operation) + " gave " + result + " instead of " + expected);
}

void Executor::automatic_commit(Model next, const std::function<void()>& call) {
  history_.begin_commit(std::move(next));
  in_commit_ = true;
  library(call);
  in_commit_ = false;
  history_.commit_returned(settings_.options.durability);
  if (settings_.after_commit) settings_.after_commit();
}

void Executor::change_automatically(const Operation& operation, const KnownCollection& known) {
  // extend() of an automatic handle is one transaction; clear and bulk_load are two.
  if (operation.kind == OperationKind::bulk_load) return change_in_transaction(operation, known);
  std::unique_ptr<Face>& face = automatic_faces_[known.name];
  if (face == nullptr) {
    Model with = history_.newest();
    with.edit(known.name, known.types);
    in_creation_ = true;
    automatic_commit(std::move(with), [&] { face = face_of(*database_, known.name, known.types, known.options); });
    in_creation_ = false;
  }
  Model next = history_.newest();
  const std::string expected =
      perform(operation, known, settings_.scale,
              *model_face(next.edit(known.name, known.types), scale_of(settings_.scale, known.types).max_key()));
  std::string result;
  automatic_commit(std::move(next), [&] { result = perform(operation, known, settings_.scale, *face); });
  if (result != expected) {
    throw Disagreement(describe(operation) + " (automatic) gave " + result + " instead of " + expected);
  }
}

void Executor::drop(const Operation& operation, const KnownCollection& known) {
  automatic_faces_.clear();
  if (operation.automatic && !txn_) {
    Model next = history_.newest();
    const bool there = next.drop(known.name);
    bool dropped = false;
    automatic_commit(std::move(next), [&] { dropped = database_->drop(known.name); });
    if (dropped != there) throw Disagreement("drop (automatic)");
    return;
  }
  begin();
  txn_faces_.clear();
  const bool dropped = library([&] { return txn_->drop(known.name); });
  if (dropped != working_->drop(known.name)) throw Disagreement("drop");
}

// "words" <-> "moved words" and so on; a collection made anew under the old name stays beside.
void Executor::rename(const Operation& operation) {
  begin();
  txn_faces_.clear();
  automatic_faces_.clear();
  const std::vector<std::string> names = working_->names();
  if (names.empty()) return;
  const std::string& from = names[operation.place % names.size()];
  const std::string to = from.starts_with("moved ") ? from.substr(6) : "moved " + from;
  if (working_->has(to)) {
    try {
      library([&] { txn_->rename(from, to); });
    } catch (const Error& error) {
      if (error.code() != ErrorCode::exists) throw;
      return;
    }
    throw Disagreement("rename to a name that exists");
  }
  library([&] { txn_->rename(from, to); });
  working_->rename(from, to);
}

void Executor::nest(const Operation& operation) {
  const std::vector<KnownCollection>& roots = nest_roots();
  const Model& before = txn_ ? *working_ : history_.newest();
  const bool all_there = std::ranges::all_of(roots, [&](const KnownCollection& root) { return before.has(root.name); });
  const bool automatic = operation.automatic && !txn_ && all_there;
  if (!automatic) begin();
  Model next = automatic ? before : std::move(*working_);
  std::vector<NestNode*> nodes;
  for (const KnownCollection& root : roots) nodes.push_back(next.edit(root.name, root.types).nest.root());
  const NestStep step = plan_nest(operation, nodes);
  const std::optional<ErrorCode> expected = perform(step, nodes);
  const bool is_drop = step.action == NestStep::Action::drop_root;
  if (is_drop) next.drop(roots[step.at.root].name);
  std::optional<ErrorCode> result;
  if (automatic && step.action != NestStep::Action::move) {
    const auto open = [&](std::size_t number) { return database_->any(roots[number].name, roots[number].types); };
    automatic_commit(std::move(next), [&] {
      if (is_drop) database_->drop(roots[step.at.root].name);
      else result = perform(step, open, {});
    });
  } else {
    begin();
    working_ = std::move(next);
    const auto open = [&](std::size_t number) { return txn_->any(roots[number].name, roots[number].types); };
    library([&] {
      for (std::size_t i = 0; i < roots.size(); ++i) open(i);
      if (is_drop) txn_->drop(roots[step.at.root].name);
      else result = perform(step, open, [&](const Place& from, const Place& to) { txn_->move(from, to); });
    });
  }
  if (result != expected) throw Disagreement(describe(operation) + " gave another error");
}

void Executor::read(const Operation& operation, const KnownCollection& known) {
  const Model& model = txn_ ? *working_ : history_.newest();
  if (!model.has(known.name)) return;
  Model copy = model;
  // Positions in a std::map are far apart.
  Operation cheap = operation;
  if (model.at(known.name).size() > 3000 && operation.seed % 32 != 0) cheap.seed = 17;
  const std::unique_ptr<Face> expected = model_face(copy.edit(known.name, known.types), ~u64{0});
  const std::string wanted = perform_read(cheap, known, settings_.scale, *expected);
  const std::string found = library([&] {
    if (txn_)
      return perform_read(cheap, known, settings_.scale, *face_of(*txn_, known.name, known.types, known.options));
    return perform_read(cheap, known, settings_.scale, *face_of(database_->read(), known.name, known.types));
  });
  if (found != wanted) throw Disagreement(describe(operation) + " found " + found + " instead of " + wanted);
}

void Executor::commit(Durability durability) {
  if (durability == Durability::none && !settings_.options.exclusive) durability = Durability::async;
  if (!txn_) return;
  txn_faces_.clear();
  history_.begin_commit(*working_);
  in_commit_ = true;
  library([&] { txn_->commit(durability); });
  in_commit_ = false;
  history_.commit_returned(durability);
  end_transaction();
  if (settings_.after_commit) settings_.after_commit();
}

void Executor::big_commit(const Operation& operation) {
  const KnownCollection& known = known_collections()[operation.place % 2];  // words, names
  Operation part = operation;
  for (u64 written = 0; written < settings_.scale.big_commit; written += 200) {
    part.kind = !known.types.has_keys() ? OperationKind::insert : OperationKind::put;
    part.place += 12345;
    part.size = 16 * (150 + part.place % 100) + 1;
    ++part.seed;
    change_in_transaction(part, known);
  }
  commit(operation.durability);
}

void Executor::savepoint() {
  begin();
  if (savepoints_.size() >= 5) return;
  Savepoint point = library([&] { return txn_->savepoint(); });
  savepoints_.push_back({std::move(point), *working_});
}

void Executor::roll_back_to(u64 which) {
  if (savepoints_.empty()) return;
  const std::size_t number = which % savepoints_.size();
  txn_faces_.clear();
  library([&] { savepoints_[number].point.rollback(); });
  working_ = savepoints_[number].model;
  while (savepoints_.size() > number) savepoints_.pop_back();
}

void Executor::take_snapshot() {
  if (snapshots_.size() >= settings_.max_snapshots) return;
  ReadTxn snapshot = library([&] { return database_->read(); });
  snapshots_.push_back({std::move(snapshot), history_.newest()});
}

void Executor::toggle_named(const Operation& operation) {
  if (txn_) commit(operation.durability);
  const std::string name = "named " + std::to_string(operation.place % 3);
  Model next = history_.newest();
  const bool is_drop = next.named().contains(name);
  if (is_drop) {
    next.set_named(name, nullptr);
  } else {
    Model then = next;
    for (const auto& [other, model] : next.named()) then.set_named(other, nullptr);
    next.set_named(name, std::make_shared<const Model>(std::move(then)));
  }
  automatic_commit(std::move(next), [&] {
    if (!is_drop) database_->snapshot(name);
    else if (!database_->drop_snapshot(name)) throw Disagreement("snapshot '" + name + "' is not there");
  });
  history_.all_durable();
}

void Executor::check_snapshot(u64 which) {
  if (snapshots_.empty()) return;
  const auto at = snapshots_.begin() + static_cast<std::ptrdiff_t>(which % snapshots_.size());
  library([&] { require_equal(at->snapshot, at->model, steps_); });
  snapshots_.erase(at);
}

void Executor::verify() {
  if (txn_) commit(Durability::async);
  library([&] {
    require_equal(*database_, history_.newest(), steps_);
    for (const HeldSnapshot& held : snapshots_) require_equal(held.snapshot, held.model, steps_);
    require_clean(*database_);
  });
}

void Executor::recover_from(const std::exception& error, std::optional<ErrorCode> code) {
  ++failures_;
  failed_since_open_ = true;
  const bool is_known = !code || *code == ErrorCode::io || *code == ErrorCode::disk_full ||
                        *code == ErrorCode::out_of_memory || *code == ErrorCode::writes_refused ||
                        *code == ErrorCode::poisoned;
  if (!is_known) throw Disagreement(std::string("unexpected error: ") + error_code_name(*code) + ": " + error.what());
  const bool unknown = in_creation_ || (code == ErrorCode::io || code == ErrorCode::writes_refused);
  if (in_commit_ && unknown) history_.commit_unknown();
  if (in_commit_ && !unknown) history_.commit_failed();
  in_commit_ = in_creation_ = false;
  end_transaction();
  automatic_faces_.clear();
  if (!database_) return;
  compare_after_failure();
  if (code != ErrorCode::writes_refused) return;
  // Refused until reopened. The history keeps an attempt of unknown outcome; open() finds out.
  snapshots_.clear();
  try {
    library([&] { database_->close(); });
  } catch (const Error&) {
  } catch (const std::bad_alloc&) {
  }
  database_.reset();
}

void Executor::compare_after_failure() {
  Model found;
  try {
    library([&] { found = dump(*database_); });
    for (const HeldSnapshot& held : snapshots_) library([&] { require_equal(held.snapshot, held.model, steps_); });
  } catch (const Error& error) {
    if (error.code() == ErrorCode::corrupt) throw Disagreement(std::string("after a failure: ") + error.what());
    return;
  } catch (const std::bad_alloc&) {
    return;
  }
  const std::optional<std::size_t> index = history_.find(found, history_.newest_index());
  if (index) {
    history_.see(*index);
  } else {
    throw Disagreement("after a failure: " + difference(found, history_.newest()));
  }
}

}  // namespace sapwood::test
