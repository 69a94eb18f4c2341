// Transactions and savepoints.
#include "python/native/calls.h"
#include "python/native/opening.h"

namespace sapwood::python {
namespace {

// A snapshot, or the version with a name.
class ReadTransaction {
 public:
  ReadTransaction(std::shared_ptr<Context> context, std::optional<std::string> snapshot)
      : context_(std::move(context)) {
    const FileLock lock(*context_);
    Database& db = context_->database();
    state_->read = snapshot ? db.at(*snapshot) : db.read();
  }

  Collection collection(const Wanted& wanted) const {
    const AnyCollection found = txn().any(wanted.name);
    check_types(found, wanted);
    return make_collection(context_, found, wanted, state_);
  }
  const std::shared_ptr<Context>& context() const { return context_; }
  const ReadTxn& txn() const {
    state_->check();
    return *state_->read;
  }
  void end() {
    if (state_->forks != fork_count()) return;  // it is the parent's
    state_->check();
    state_->read->end();
  }

 private:
  std::shared_ptr<Context> context_;
  std::shared_ptr<Transaction> state_ = std::make_shared<Transaction>();
};

class WriteTransaction {
 public:
  WriteTransaction(std::shared_ptr<Context> context, std::optional<double> timeout) : context_(std::move(context)) {
    const FileLock lock(*context_);
    Database& db = context_->database();
    const auto limit = timeout ? std::optional(timeout_of(*timeout)) : std::nullopt;
    context_->without_gil([&] { state_->write = limit ? db.begin_write(*limit) : db.begin_write(); });
  }

  Collection collection(const Wanted& wanted) {
    return make_collection(context_, open_or_create(open(), wanted), wanted, state_);
  }
  const std::shared_ptr<Context>& context() const { return context_; }
  WriteTxn& open() {
    state_->check();
    return *state_->write;
  }
  HeldSavepoint savepoint() { return {context_, state_}; }
  void commit(const std::optional<std::string>& durability) {
    const std::optional<Durability> asked = durability_of(durability);
    context_->without_gil(*state_, [&] { asked ? state_->write->commit(*asked) : state_->write->commit(); });
  }
  void rollback() {
    context_->without_gil(*state_, [&] { state_->write->rollback(); });
  }

 private:
  std::shared_ptr<Context> context_;
  std::shared_ptr<Transaction> state_ = std::make_shared<Transaction>();
};

Place place_of(nb::handle place) {
  if (nb::isinstance<nb::str>(place)) return Place(nb::cast<std::string>(place));
  return nb::cast<Place>(place);
}

}  // namespace

void bind_transactions(nb::module_& module) {
  nb::class_<Place>(module, "Place");
  FileClass<ReadTransaction>(module, "ReadTransaction")
      .construct(nb::init<std::shared_ptr<Context>, std::optional<std::string>>(), nb::arg("database"),
                 nb::arg("snapshot") = nb::none())
      .def("collection", &ReadTransaction::collection)
      .def("has", [](const ReadTransaction& self, const std::string& name) { return self.txn().has(name); })
      .def("collections", [](const ReadTransaction& self) { return describe(self.txn().collections()); })
      .def_prop_ro("txn", [](const ReadTransaction& self) { return self.txn().txn(); })
      .def_prop_ro("commit_time_us", [](const ReadTransaction& self) { return self.txn().commit_time_us(); })
      .def("end", &ReadTransaction::end);
  FileClass<WriteTransaction>(module, "WriteTransaction")
      .construct(nb::init<std::shared_ptr<Context>, std::optional<double>>(), nb::arg("database"),
                 nb::arg("timeout") = nb::none())
      .def("collection", &WriteTransaction::collection)
      .def("has", [](WriteTransaction& self, const std::string& name) { return self.open().has(name); })
      .def("collections", [](WriteTransaction& self) { return describe(self.open().collections()); })
      .def("drop", [](WriteTransaction& self, const std::string& name) { return self.open().drop(name); })
      .def("rename",
           [](WriteTransaction& self, const std::string& from, const std::string& to) { self.open().rename(from, to); })
      .def("move", [](WriteTransaction& self, nb::handle from,
                      nb::handle to) { self.open().move(place_of(from), place_of(to)); })
      .def("savepoint", &WriteTransaction::savepoint)
      .def("commit", &WriteTransaction::commit, nb::arg("durability") = nb::none())
      .def("rollback", &WriteTransaction::rollback)
      .def_prop_ro("is_open", [](WriteTransaction& self) { return self.open().is_open(); });
  FileClass<HeldSavepoint>(module, "Savepoint")
      .def("rollback", &HeldSavepoint::rollback)
      .def("release", &HeldSavepoint::release);
}

}  // namespace sapwood::python
