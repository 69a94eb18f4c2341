// The demonstration: a machine's package index in one Sapwood file, and what one can do with it then.
//
//   packages                 in a temporary file
//   packages apt.sapwood     in a file that stays
//   packages --sample        with the sample in examples/data in place of this machine's index
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "chapters.h"
#include "print.h"

namespace {

constexpr const char* kUsage =
    "usage: packages [FILE] [--sample]\n"
    "Puts this machine's package index into FILE (by default a temporary one) and shows what Sapwood does with it.\n"
    "--sample takes the records that come with the source instead.\n";

struct Arguments {
  std::string path;
  bool sample = false;
};

// A folder that is gone at the end, unless `path` was given.
class Place {
 public:
  explicit Place(const std::string& path) : path_(path), is_temporary_(path.empty()) {
    if (!is_temporary_) {
      check_folder(std::filesystem::absolute(path).parent_path());
      return;
    }
    folder_ = std::filesystem::temp_directory_path() / ("sapwood-packages-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder_);
    path_ = folder_ / "packages.sapwood";
  }
  ~Place() {
    std::error_code ignored;
    if (is_temporary_) std::filesystem::remove_all(folder_, ignored);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  const std::string& path() const { return path_; }
  bool is_temporary() const { return is_temporary_; }

 private:
  static void check_folder(const std::filesystem::path& folder) {
    if (access(folder.c_str(), W_OK | X_OK) == 0) return;
    throw std::runtime_error("nothing can be written in " + folder.string() + ": " + std::strerror(errno));
  }

  std::filesystem::path folder_;
  std::string path_;
  bool is_temporary_;
};

// A program that was built with this one, as one would type it here; its bare name if it is not there.
std::string command(const std::filesystem::path& from_build) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path path = self.parent_path().parent_path() / from_build;
  if (error || !std::filesystem::exists(path, error)) return from_build.filename();
  const std::filesystem::path near = std::filesystem::proximate(path, error);
  if (error || near.empty() || *near.begin() == "..") return path;
  return near.has_parent_path() ? near : "./" / near;
}

void farewell(const Place& place, const Stopwatch& watch) {
  heading("Done, in " + watch.text());
  if (place.is_temporary()) {
    line("The file was a temporary one and is gone. To keep one and look into it:");
    line("  %s apt.sapwood", command("examples/packages").c_str());
  } else {
    line("The file is %s. Look into it:", place.path().c_str());
  }
  const std::string path = place.is_temporary() ? "apt.sapwood" : place.path();
  const std::string sapwood = command("sapwood");
  line("  %s ls %s", sapwood.c_str(), path.c_str());
  line("  %s stats %s", sapwood.c_str(), path.c_str());
  line("  %s get %s by_name bash", sapwood.c_str(), path.c_str());
  line("  %s scan %s by_name --prefix python3-num --keys", sapwood.c_str(), path.c_str());
}

void tell(const Arguments& arguments) {
  const Stopwatch all;
  const Place place(arguments.path);  // first: if nothing can be written there, the rest is in vain
  std::printf("Sapwood: a package index in one file\n");
  heading("1. Reading the index");
  if (!arguments.sample) line("asking `apt-cache dumpavail`, which can take some seconds");
  const Stopwatch reading;
  PackageIndex index;
  read_package_index(index, arguments.sample);
  line("%s records, %s, from %s in %s", with_thousands(index.records.size()).c_str(),
       megabytes(index.text.size()).c_str(), index.origin.c_str(), reading.text().c_str());

  {
    sapwood::Options options;
    options.mode = sapwood::OpenMode::create_new;
    sapwood::Database db = sapwood::Database::open(place.path(), options);
    heading("2. Storing it");
    store(db, index);
    heading("3. Looking things up");
    look_up(db, index);
    heading("4. Inserting in the middle, while a snapshot is held");
    insert_in_the_middle(db, index);
    db.close();
  }
  heading("5. Killing a writer");
  kill_a_writer(place.path());
  heading("6. Checking");
  check(place.path());
  farewell(place, all);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
      const std::string argument = argv[i];
      if (argument == "--write-until-killed" && i + 1 < argc) write_until_killed(argv[i + 1]);
      if (argument == "--sample") {
        arguments.sample = true;
      } else if (argument == "--help" || argument == "-h") {
        std::fputs(kUsage, stdout);
        return 0;
      } else if (argument.starts_with("-") || !arguments.path.empty()) {
        const char* what = argument.starts_with("-") ? "there is no such option" : "this is one argument too many";
        std::fprintf(stderr, "packages: %s: %s\n%s", argument.c_str(), what, kUsage);
        return 2;
      } else {
        arguments.path = argument;
      }
    }
    if (!arguments.path.empty() && std::filesystem::exists(arguments.path)) {
      std::fprintf(stderr, "packages: %s exists already; name a new file, or remove it first\n",
                   arguments.path.c_str());
      return 2;
    }
    tell(arguments);
    return 0;
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "packages: %s\n", error.what());
    return 1;
  }
}
