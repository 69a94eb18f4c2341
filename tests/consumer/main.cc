// A user's program: opens a database, pushes to a list, reads it back.
#include <sapwood/sapwood.h>

#include <cstdio>
#include <string>

int main() {
  try {
    auto db = sapwood::Database::open("consumer.sapwood");
    auto words = db.list<std::string>("words");
    words.push_back("heart");
    words.push_back("wood");
    const std::string both = words.at(0) + words.at(1);
    std::printf("%s\n", both.c_str());
    return both == "heartwood" && words.size() == 2 ? 0 : 1;
  } catch (const sapwood::Error& error) {
    std::fprintf(stderr, "%s: %s\n", sapwood::error_code_name(error.code()), error.what());
    return 1;
  }
}
