// The one exception type of the library, and its codes.
#pragma once

#include <stdexcept>
#include <string>

namespace sapwood {

// What went wrong. Absence (a missing key) is not an error: see std::optional and bool results.
enum class ErrorCode {
  corrupt,           // bytes of a file break an invariant; the message names the page or record
  not_a_database,    // the file is not ours
  newer_format,      // the file needs a newer library
  io,                // the operating system failed a read, write or sync
  disk_full,         // no space left; nothing was changed
  out_of_memory,     // a mapping or buffer could not be had; nothing was changed
  not_found,         // a file or a named collection does not exist
  exists,            // the thing to create exists already
  in_use,            // another process, or another handle of this one, has the file for itself
  read_only,         // a write was asked of something opened for reading
  wrong_type,        // a collection is of another kind or of other types
  out_of_range,      // a position past the end, or a sum past what its type holds
  invalid_argument,  // an argument that no state of the database would accept
  too_long,          // a key or value past its limit
  limit,             // a documented limit is reached
  ended,             // a handle, view or iterator was used after its transaction, or after close
  poisoned,          // a write failed half way in this transaction: only rollback is left
  writes_refused,    // a sync failed earlier: nothing is written until the file is reopened
  would_deadlock,    // this thread's own open write transaction would wait for itself
  timed_out,         // a time limit passed
  cancelled,         // a progress callback asked to stop
};

// Short stable name of a code, such as "corrupt".
const char* error_code_name(ErrorCode code) noexcept;

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace sapwood
