// The verbs. Each declares its arguments, parses them, does its work and returns the exit code.
#pragma once

#include "cli/command.h"

namespace sapwood::cli {

int run_info(Command& command);
int run_ls(Command& command);
int run_get(Command& command);
int run_put(Command& command);
int run_insert(Command& command);
int run_del(Command& command);
int run_scan(Command& command);
int run_import(Command& command);
int run_export(Command& command);
int run_check(Command& command);
int run_repair(Command& command);
int run_stats(Command& command);
int run_snapshot(Command& command);
int run_diff(Command& command);
int run_backup(Command& command);
int run_restore(Command& command);
int run_compact(Command& command);
int run_bench(Command& command);

}  // namespace sapwood::cli
