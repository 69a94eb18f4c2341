// Databases on a simulated disk after a power cut.
#pragma once

#include "db/testing.h"
#include "os/sim_disk.h"

namespace sapwood {

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
