#include <system_error>

#include "os/posix.h"

namespace sapwood::os {

ErrorCode error_code_of(int error_number, Intent intent) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return ErrorCode::disk_full;
    case ENOMEM: return ErrorCode::out_of_memory;
    case ENOENT:
    case ENOTDIR: return ErrorCode::not_found;
    case EEXIST: return ErrorCode::exists;
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG: return ErrorCode::invalid_argument;
    case EBADF:  // a write through a descriptor opened for reading
    case EACCES:
    case EPERM:
    case EROFS:
    case ETXTBSY: return intent == Intent::write ? ErrorCode::read_only : ErrorCode::io;
    default: return ErrorCode::io;
  }
}

void throw_errno(const std::string& action, int error_number, Intent intent) {
  std::string message = "cannot ";
  message += action + ": " + std::generic_category().message(error_number);
  throw Error(error_code_of(error_number, intent), message);
}

const char* system_path(const std::string& path) {
  if (path.empty()) throw Error(ErrorCode::invalid_argument, "the path of a file is empty: give it a name");
  if (path.find('\0') != std::string::npos) {
    throw Error(ErrorCode::invalid_argument, "the path holds a zero byte after '" + std::string(path.c_str()) + "'");
  }
  return path.c_str();
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace sapwood::os
