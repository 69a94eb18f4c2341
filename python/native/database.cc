// The open file.
#include <nanobind/stl/function.h>

#include "python/native/calls.h"
#include "python/native/opening.h"

namespace sapwood::python {
namespace {

OpenMode mode_of(const std::string& mode) {
  if (mode == "r") return OpenMode::read;
  if (mode == "w") return OpenMode::write;
  if (mode == "c") return OpenMode::create;
  if (mode == "x") return OpenMode::create_new;
  throw nb::value_error("mode is 'r' (read), 'w' (write), 'c' (create if absent), 'n' (new and empty) or 'x' (new)");
}

std::shared_ptr<Context> open(const std::optional<std::string>& path, const std::string& mode,
                              const std::string& durability, bool exclusive, std::uint32_t page_size,
                              double write_timeout, double compaction_threshold, std::uint64_t dirty_limit) {
  Options options;
  options.mode = mode_of(mode);
  options.durability = *durability_of(durability);
  options.exclusive = exclusive;
  options.page_size = page_size;
  options.write_timeout = timeout_of(write_timeout);
  options.compaction_threshold = compaction_threshold;
  if (dirty_limit != 0) options.dirty_limit = dirty_limit;
  return std::make_shared<Context>(path.value_or(""), options, !path);
}

// Progress of a call that runs without the GIL: `told` is a Python function of (done, total), or None. It may raise:
// the call is cancelled, and raises that.
class PythonProgress {
 public:
  explicit PythonProgress(nb::object told) : told_(std::move(told)) {}
  Progress function() {
    if (told_.is_none()) return nullptr;
    return [this](std::uint64_t done, std::uint64_t total) {
      const nb::gil_scoped_acquire acquire;
      try {
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
        const nb::object answer = told_(done, total);
        const int goes_on = answer.is_none() ? 1 : PyObject_IsTrue(answer.ptr());
        if (goes_on < 0) throw nb::python_error();
        return goes_on != 0;
      } catch (...) {
        raised_ = std::current_exception();
        return false;
      }
    };
  }
  void rethrow() const {
    if (raised_) std::rethrow_exception(raised_);
  }

 private:
  nb::object told_;
  std::exception_ptr raised_;
};

template <class Call>
auto with_progress(Context& self, nb::object told, Call call) {
  Database& db = self.database();
  PythonProgress progress(std::move(told));
  const Progress function = progress.function();
  try {
    return self.without_gil([&] { return call(db, function); });
  } catch (const Error& error) {
    if (error.code() == ErrorCode::cancelled) progress.rethrow();
    throw;
  }
}

nb::dict dict_of(const CompactReport& report) {
  nb::dict told;
  told["bytes_before"] = report.bytes_before;
  told["bytes_after"] = report.bytes_after;
  told["pages_written"] = report.pages_written;
  return told;
}

nb::dict dict_of(const TreeMetrics& tree) {
  nb::dict told;
  told["height"] = tree.height;
  told["pages"] = tree.pages();
  told["branch_pages"] = tree.branch_pages;
  told["leaf_pages"] = tree.leaf_pages + tree.fixed_leaf_pages;
  told["value_pages"] = tree.value_pages;
  told["leaf_bytes"] = tree.leaf_bytes;
  told["key_bytes"] = tree.key_bytes;
  told["value_bytes"] = tree.value_bytes;
  return told;
}

nb::dict dict_of(const Info& info) {
  nb::dict told;
  told["path"] = info.path;
  told["uuid"] = info.uuid;
  told["page_size"] = info.page_size;
  told["file_bytes"] = info.file_bytes;
  told["page_count"] = info.page_count;
  told["live_pages"] = info.live_pages;
  told["pending_pages"] = info.pending_pages;
  told["free_pages"] = info.free_pages;
  told["collections"] = info.collections;
  told["nested_collections"] = info.nested_collections;
  told["txn"] = info.txn;
  told["checkpoints"] = info.checkpoints;
  told["log_bytes"] = info.log_bytes;
  told["read_only"] = info.read_only;
  told["recovered"] = info.recovery.recovered;
  told["processes"] = info.processes.size();
  told["readers"] = info.readers.size();
  return told;
}

nb::dict metrics(Context& self, nb::object progress) {
  const Metrics found =
      with_progress(self, std::move(progress), [](Database& db, const Progress& told) { return db.metrics(told); });
  nb::dict told = dict_of(found.info);
  told["log_syncs"] = found.activity.log_syncs;
  told["data_syncs"] = found.activity.data_syncs;
  told["log_records"] = found.activity.log_records;
  told["total"] = dict_of(found.all_collections);
  nb::dict by_name;
  for (const CollectionMetrics& one : found.collections) by_name[one.info.name.c_str()] = dict_of(one.tree);
  told["by_collection"] = by_name;
  return told;
}

nb::list snapshots(Context& self) {
  Database& db = self.database();
  nb::list told;
  for (const SnapshotInfo& info : self.without_gil([&] { return db.snapshots(); })) {
    nb::dict one;
    one["name"] = info.name;
    one["txn"] = info.txn;
    one["commit_time_us"] = info.commit_time_us;
    one["held_pages"] = info.held_pages;
    told.append(one);
  }
  return told;
}

void backup(Context& self, const std::string& to, const std::string& snapshot, const std::string& since,
            nb::object progress) {
  with_progress(self, std::move(progress), [&](Database& db, const Progress& told) {
    return db.backup(to, {.snapshot = snapshot, .since = since, .progress = told});
  });
}

void bind_maintenance(FileClass<Context>& database) {
  database.def("metrics", &metrics, nb::arg("progress").none())
      .def("collection_metrics",
           [](Context& self, const std::string& name) {
             Database& db = self.database();
             const CollectionMetrics found = self.without_gil([&] { return db.metrics(name); });
             nb::dict told = dict_of(found.tree);
             told["count"] = found.info.count;
             return told;
           })
      .def("info",
           [](Context& self) {
             Database& db = self.database();
             return dict_of(self.without_gil([&] { return db.info(); }));
           })
      .def(
          "check",
          [](Context& self, nb::object progress) {
            return with_progress(self, std::move(progress),
                                 [](Database& db, const Progress& told) { return db.check(told); });
          },
          nb::arg("progress").none())
      .def(
          "compact",
          [](Context& self, nb::object progress) {
            return dict_of(with_progress(self, std::move(progress),
                                         [](Database& db, const Progress& told) { return db.compact(told); }));
          },
          nb::arg("progress").none())
      .def(
          "compact_to",
          [](Context& self, const std::string& to, nb::object progress) {
            return dict_of(with_progress(self, std::move(progress),
                                         [&](Database& db, const Progress& told) { return db.compact_to(to, told); }));
          },
          nb::arg("to"), nb::arg("progress").none())
      .def(
          "recompress",
          [](Context& self, const std::string& name, std::optional<int> level, nb::object progress) {
            std::optional<std::uint8_t> asked;
            if (level && (*level < 0 || *level > 19))
              throw nb::value_error("compression is a level of zstd, 1 to 19; 0: none");
            if (level) asked = static_cast<std::uint8_t>(*level);
            with_progress(self, std::move(progress), [&](Database& db, const Progress& told) {
              db.recompress(name, asked, told);
              return 0;
            });
          },
          nb::arg("name"), nb::arg("level").none(), nb::arg("progress").none());
}

void bind_versions(FileClass<Context>& database) {
  database.def("backup", &backup, nb::arg("to"), nb::arg("snapshot"), nb::arg("since"), nb::arg("progress").none())
      .def("sync",
           [](Context& self) {
             Database& db = self.database();
             self.without_gil([&] { db.sync(); });
           })
      .def("checkpoint",
           [](Context& self) {
             Database& db = self.database();
             self.without_gil([&] { db.checkpoint(); });
           })
      .def("snapshot",
           [](Context& self, const std::string& name) {
             Database& db = self.database();
             self.without_gil([&] { db.snapshot(name); });
           })
      .def("drop_snapshot",
           [](Context& self, const std::string& name) {
             Database& db = self.database();
             return self.without_gil([&] { return db.drop_snapshot(name); });
           })
      .def("snapshots", &snapshots);
}

}  // namespace

void bind_database(nb::module_& module) {
  FileClass<Context> database(module, "Database", nb::is_weak_referenceable());
  database.def_static("open", &open);
  database.def("close", &Context::close, nb::arg("wait") = true)
      .def_prop_ro("path", &Context::path)
      .def_prop_ro("is_closed", &Context::is_closed)
      .def_unlocked("make_lock_anew", &Context::make_lock_anew)
      .def_prop_ro("is_temporary", &Context::is_temporary)
      .def_prop_ro("is_read_only", [](const Context& self) { return self.options().mode == OpenMode::read; })
      .def_prop_ro("durability", [](const Context& self) { return durability_name(self.options().durability); })
      .def("collection",
           [](const std::shared_ptr<Context>& self, const Wanted& wanted) {
             if (self->batch_generation() != 0) {
               return make_collection(self, open_or_create(*self->batch()->write, wanted), wanted, nullptr);
             }
             Database& db = self->database();
             const AnyCollection found = self->without_gil([&] { return open_or_create(db, wanted); });
             return make_collection(self, found, wanted, nullptr);
           })
      .def("has",
           [](Context& self, const std::string& name) {
             return self.batch_generation() != 0 ? self.batch()->write->has(name) : self.database().has(name);
           })
      .def("collections",
           [](Context& self) {
             return describe(self.batch_generation() != 0 ? self.batch()->write->collections()
                                                          : self.database().collections());
           })
      .def("drop",
           [](Context& self, const std::string& name) {
             if (self.batch_generation() != 0) return self.batch()->write->drop(name);
             Database& db = self.database();
             return self.without_gil([&] { return db.drop(name); });
           })
      .def("rename",
           [](Context& self, const std::string& from, const std::string& to) {
             if (self.batch_generation() != 0) return self.batch()->write->rename(from, to);
             Database& db = self.database();
             self.without_gil([&] { db.rename(from, to); });
           })
      .def("begin_batch", &Context::begin_batch)
      .def("end_batch", &Context::end_batch, nb::arg("generation"), nb::arg("commit"), nb::arg("durability").none())
      .def_prop_ro("in_batch", [](const Context& self) { return self.batch_generation() != 0; });
  bind_maintenance(database);
  bind_versions(database);
  module.def("restore",
             [](const std::string& backup_path, const std::vector<std::string>& increments, const std::string& to) {
               const nb::gil_scoped_release release;
               restore(backup_path, increments, to);
             });
}

}  // namespace sapwood::python
