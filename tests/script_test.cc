// Runs tests/script/*.txt: sessions of the command `sapwood` with what they print. A script is read like this:
//
//   # a comment
//   $ sapwood get lab.sapwood mass H       a command for the shell; more lines follow after a \ at the end
//   1.008                                  what it prints
//   ! sapwood: get: ...                    what it prints on standard error
//   ? 1                                    its exit code, if not 0
//   $$ sapwood put ...                     the same, by a user who may only read the files (when root runs the tests)
//
// In expected lines {*} stands for any text, and a line {**} for any lines. Each script has a new folder; `$SAMPLE` is
// the sample of package records. SAPWOOD_SCRIPT_ACCEPT=1 prints each script with what the commands did print.
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace sapwood {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

struct Step {
  int line = 0;
  std::string command;
  bool as_reader = false;
  Lines out;
  Lines err;
  int code = 0;
};

struct Outcome {
  Lines out;
  Lines err;
  int code = 0;
};

std::vector<Step> parse_script(const fs::path& path) {
  std::ifstream file(path);
  std::vector<Step> steps;
  std::string line;
  bool continued = false;
  for (int number = 1; std::getline(file, line); ++number) {
    if (continued) {
      steps.back().command += "\n" + line;
    } else if (line.starts_with("$ ") || line.starts_with("$$ ")) {
      const bool as_reader = line.starts_with("$$");
      steps.push_back(
          {.line = number, .command = line.substr(as_reader ? 3 : 2), .as_reader = as_reader, .out = {}, .err = {}});
    } else if (line.starts_with("#") || (line.empty() && steps.empty())) {
      continue;
    } else if (steps.empty()) {
      ADD_FAILURE() << path << ":" << number << ": output before the first command";
    } else if (line.starts_with("! ")) {
      steps.back().err.push_back(line.substr(2));
    } else if (line.starts_with("? ")) {
      steps.back().code = std::stoi(line.substr(2));
    } else if (!line.empty()) {
      steps.back().out.push_back(line);
    }
    continued =
        !steps.empty() && steps.back().out.empty() && steps.back().command.ends_with('\\') && line.ends_with('\\');
  }
  return steps;
}

// {*} is any text.
bool matches(const std::string& pattern, const std::string& line) {
  const std::size_t hole = pattern.find("{*}");
  if (hole == std::string::npos) return pattern == line;
  if (!line.starts_with(pattern.substr(0, hole))) return false;
  const std::string rest = pattern.substr(hole + 3);
  for (std::size_t at = hole; at <= line.size(); ++at) {
    if (matches(rest, line.substr(at))) return true;
  }
  return false;
}

// {**} is any lines.
bool matches(const Lines& patterns, std::size_t p, const Lines& lines, std::size_t l) {
  if (p == patterns.size()) return l == lines.size();
  if (patterns[p] == "{**}") {
    for (std::size_t next = l; next <= lines.size(); ++next) {
      if (matches(patterns, p + 1, lines, next)) return true;
    }
    return false;
  }
  return l < lines.size() && matches(patterns[p], lines[l]) && matches(patterns, p + 1, lines, l + 1);
}

std::string joined(const Lines& lines, const std::string& before) {
  std::string text;
  for (const std::string& line : lines) text += before + line + "\n";
  return text;
}

// Lines that are not empty, as scripts cannot tell empty ones.
Lines read_lines(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  Lines lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

// A new folder with a copy of the command, which other users can reach too.
class Workshop {
 public:
  Workshop() {
    std::string pattern = (fs::temp_directory_path() / "sapwood-script-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = pattern;
    chmod(pattern.c_str(), 0755);
    for (const char* folder : {"bin", "work", "log"}) fs::create_directory(root_ / folder);
    fs::copy_file(SAPWOOD_COMMAND, root_ / "bin" / "sapwood");
  }
  ~Workshop() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  Outcome run(const Step& step) const {
    const pid_t pid = fork();
    if (pid == 0) run_in_child(step);
    int status = 0;
    waitpid(pid, &status, 0);
    return {read_lines(root_ / "log" / "out"), read_lines(root_ / "log" / "err"),
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
  }

 private:
  [[noreturn]] void run_in_child(const Step& step) const {
    const int out = open((root_ / "log" / "out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    const int err = open((root_ / "log" / "err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    const int in = open("/dev/null", O_RDONLY);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    const std::string path = (root_ / "bin").string() + ":/usr/bin:/bin";
    setenv("PATH", path.c_str(), 1);
    setenv("SAMPLE", SAPWOOD_SOURCE_DIR "/examples/data/packages-sample.txt", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    if (chdir((root_ / "work").c_str()) != 0) _exit(126);
    if (step.as_reader && geteuid() == 0) {
      constexpr unsigned kNobody = 65534;
      if (setgroups(0, nullptr) != 0 || setgid(kNobody) != 0 || setuid(kNobody) != 0) _exit(126);
    }
    execl("/bin/sh", "sh", "-c", step.command.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  fs::path root_;
};

std::vector<std::string> script_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(SAPWOOD_SOURCE_DIR "/tests/script")) {
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Script : public testing::TestWithParam<std::string> {};

TEST_P(Script, PrintsWhatItSays) {
  const fs::path path = fs::path(SAPWOOD_SOURCE_DIR "/tests/script") / (GetParam() + ".txt");
  const std::vector<Step> steps = parse_script(path);
  ASSERT_FALSE(steps.empty()) << path << " has no commands";
  const bool accept = std::getenv("SAPWOOD_SCRIPT_ACCEPT") != nullptr;
  const Workshop workshop;
  for (const Step& step : steps) {
    const Outcome outcome = workshop.run(step);
    if (accept) {
      std::printf("%s%s\n%s%s", step.as_reader ? "$$ " : "$ ", step.command.c_str(), joined(outcome.out, "").c_str(),
                  joined(outcome.err, "! ").c_str());
      if (outcome.code != 0) std::printf("? %d\n", outcome.code);
      continue;
    }
    EXPECT_TRUE(matches(step.out, 0, outcome.out, 0) && matches(step.err, 0, outcome.err, 0) &&
                step.code == outcome.code)
        << path.string() << ":" << step.line << ": $ " << step.command << "\nexpected:\n"
        << joined(step.out, "  ") << joined(step.err, "  ! ") << "  ? " << step.code << "\nprinted:\n"
        << joined(outcome.out, "  ") << joined(outcome.err, "  ! ") << "  ? " << outcome.code;
  }
}

INSTANTIATE_TEST_SUITE_P(Command, Script, testing::ValuesIn(script_names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace sapwood
