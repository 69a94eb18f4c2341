// repair(): from a damaged file into a new one, which gets its name last.
#include "sapwood/repair.h"

#include <algorithm>
#include <vector>

#include "collections/contents.h"
#include "db/lost_entries.h"
#include "db/salvage.h"
#include "db/scratch.h"
#include "sapwood/database.h"
#include "sapwood/datetime.h"
#include "storage/damaged_file.h"
#include "storage/log_prefix.h"
#include "tree/check.h"

namespace sapwood {
namespace {

using db::copy_file;
using db::Scratch;
using storage::DamagedFile;

class Repair {
 public:
  Repair(const std::string& from, const std::string& to, const RepairOptions& options)
      : env_(options.env != nullptr ? *options.env : os::posix_env()),
        from_(env_.files().resolve(from)),
        to_(env_.files().resolve(to)),
        progress_(options.progress),
        scratch_(env_, to_, "repair") {}

  RepairReport run() {
    if (env_.files().exists(to_)) {
      throw Error(ErrorCode::exists, to_ + " exists already; a repair writes a new file, choose another name");
    }
    const DamagedFile original(env_, from_, &tree::verify_node);
    if (!original.verifies_checksums()) {
      report_.losses.push_back({"the checksums of pages: flipped bits in entries may have gone unnoticed", 0,
                                "the file's uuid is lost with all copies of its meta"});
    }
    if (original.meta() && original.meta()->kept != 0) {
      report_.losses.push_back({"the named snapshots", std::nullopt, "a repair saves the newest version only"});
    }
    if (apply_log(original)) save(DamagedFile(env_, scratch_.copy(), &tree::verify_node));
    else save(original);
    return std::move(report_);
  }

 private:
  // Makes a copy of the file with the commits of the log in it; false if there is none to make.
  bool apply_log(const DamagedFile& original) {
    if (!original.expects_log()) return false;
    std::string why = from_ + "-log is missing";
    if (env_.files().exists(from_ + "-log")) {
      if (recover_copy(why)) return true;
      if (original.meta() && recover_copy_of_prefix(*original.meta())) {
        lose_commits("the last commits", why);
        return true;
      }
    }
    std::string since;
    if (original.meta()) since = ", at " + DateTime{original.meta()->commit_time_us}.text();
    lose_commits("commits after the last checkpoint" + since, why);
    return false;
  }

  void lose_commits(std::string what, const std::string& why) {
    report_.losses.push_back({std::move(what), std::nullopt, db::reason_of(why)});
  }

  bool recover_copy(std::string& why) {
    copy_file(env_, from_, scratch_.copy());
    copy_file(env_, from_ + "-log", scratch_.copy() + "-log");
    return open_copy(why);
  }

  bool recover_copy_of_prefix(const storage::Meta& meta) {
    std::string ignored;
    copy_file(env_, from_, scratch_.copy());
    copy_file(env_, from_ + "-log", scratch_.copy() + "-log");
    {
      const std::unique_ptr<os::File> log = env_.files().open(scratch_.copy() + "-log", {.write = true});
      const std::unique_ptr<os::File> data = env_.files().open(scratch_.copy(), {.write = false});
      if (!storage::keep_log_prefix(*log, *data, meta)) return false;
    }
    return open_copy(ignored);
  }

  // Recovers the copy as any opener would.
  bool open_copy(std::string& why) {
    Options options;
    options.mode = OpenMode::write;
    options.exclusive = true;
    options.env = &env_;
    try {
      const Database database = Database::open(scratch_.copy(), options);
      report_.replayed_commits = database.info().recovery.records;
      return true;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::newer_format) throw;
      why = error.what();
      return false;
    }
  }

  void save(const DamagedFile& source) {
    Options options;
    options.mode = OpenMode::create_new;
    options.page_size = source.geometry().page_size;
    options.durability = Durability::none;
    options.env = &env_;
    {
      db::Salvage salvage(source, progress_);
      salvage.survey();
      const std::shared_ptr<collections::Environment> target =
          collections::Environment::open(scratch_.building(), options);
      env_.files().copy_permissions(from_, scratch_.building());  // while it is empty
      salvage.copy_to(target, report_);
      target->close();
    }
    check_new_file();
    scratch_.finish();
  }

  void check_new_file() {
    Options options;
    options.mode = OpenMode::read;
    options.env = &env_;
    Database database = Database::open(scratch_.building(), options);
    const std::vector<std::string> findings = database.check(progress_);
    if (findings.empty()) return;
    throw Error(ErrorCode::io,
                "the new file did not pass its check and was removed: " + findings.front() + "; try another disk");
  }

  os::Env& env_;
  std::string from_;
  std::string to_;
  const Progress& progress_;
  Scratch scratch_;
  RepairReport report_;
};

}  // namespace

bool RepairReport::nothing_lost() const {
  return losses.empty() &&
         std::ranges::all_of(collections, [](const RepairedCollection& one) { return one.losses.empty(); });
}

RepairReport repair(const std::string& from, const std::string& to, const RepairOptions& options) {
  return Repair(from, to, options).run();
}

}  // namespace sapwood
