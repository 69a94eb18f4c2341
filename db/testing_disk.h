// Databases on a simulated disk, whose clock stands until a test moves it; and what a power cut leaves of them.
#pragma once

#include "db/testing.h"
#include "os/sim_disk.h"

namespace sapwood {

// A base of tests with one.
class OnSimulatedDisk {
 protected:
  Options on_disk() {
    Options options = quick_options();
    options.env = &disk_;
    options.log_size_max = options.log_size;
    return options;
  }

  os::SimDisk disk_{1};
  Database db_ = Database::open("/t.sapwood", on_disk());
};

// Calls `visit` with the file as it is found after a power cut that loses all that is not synced.
template <class Visit>
void after_power_cut(os::SimDisk& disk, Database& db, Options options, Visit&& visit) {
  db.sync();
  int visited = 0;
  disk.for_each_crash_image({.process_kill = false, .blocks = false, .sectors = false, .torn = false, .max_images = 3},
                            [&](os::SimDisk& image, const os::CrashImage&) {
                              options.env = &image;
                              Database again = Database::open("/t.sapwood", options);
                              EXPECT_TRUE(again.info().recovery.recovered);
                              ++visited;
                              visit(again);
                              expect_sound(again);
                            });
  EXPECT_GT(visited, 0);
}

}  // namespace sapwood
