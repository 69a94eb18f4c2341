#include <sapwood/sapwood.h>
#include <cstdio>

int main() {
  auto db = sapwood::Database::open("lab.sapwood");  // created if absent
  db.write([](sapwood::WriteTxn& txn) {              // commits, or rolls back when it throws
    auto frames = txn.list<std::string>("frames");
    frames.push_back("water");
    frames.insert(0, "ethanol");  // O(log n), nothing moves
    auto mass = txn.sorted_map<std::string, double>("mass");
    mass.put("H", 1.008);
    mass.put("O", 15.999);
  });
  auto snap = db.read();  // a snapshot: never blocks, never blocked
  for (auto [symbol, m] : snap.sorted_map<std::string, double>("mass").range("H", "P"))
    std::printf("%s %.3f\n", symbol.c_str(), m);
  auto frames = db.list<std::string>("frames");  // each call is its own transaction
  std::printf("%s of %llu\n", frames.at(0).c_str(), static_cast<unsigned long long>(frames.size()));
  auto txn = db.begin_write();  // or by hand
  txn.list<std::string>("frames").erase(1);
  txn.commit();
}
