#include "sapwood/error.h"

namespace sapwood {

const char* error_code_name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::not_a_database: return "not_a_database";
    case ErrorCode::newer_format: return "newer_format";
    case ErrorCode::io: return "io";
    case ErrorCode::disk_full: return "disk_full";
    case ErrorCode::out_of_memory: return "out_of_memory";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::exists: return "exists";
    case ErrorCode::in_use: return "in_use";
    case ErrorCode::read_only: return "read_only";
    case ErrorCode::wrong_type: return "wrong_type";
    case ErrorCode::out_of_range: return "out_of_range";
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::too_long: return "too_long";
    case ErrorCode::limit: return "limit";
    case ErrorCode::ended: return "ended";
    case ErrorCode::poisoned: return "poisoned";
    case ErrorCode::writes_refused: return "writes_refused";
    case ErrorCode::would_deadlock: return "would_deadlock";
    case ErrorCode::timed_out: return "timed_out";
    case ErrorCode::cancelled: return "cancelled";
  }
  return "unknown";
}

}  // namespace sapwood
