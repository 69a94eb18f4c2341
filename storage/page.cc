#include "storage/page.h"

namespace sapwood::storage {

void throw_corrupt_page(PageNo page, const char* what) {
  throw Error(ErrorCode::corrupt, "page " + std::to_string(to_u64(page)) + " is damaged: " + what +
                                      "; run `sapwood check` on the file and restore it from a copy");
}

}  // namespace sapwood::storage
