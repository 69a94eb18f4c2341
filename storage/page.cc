#include "storage/page.h"

namespace sapwood::storage {

void throw_corrupt_page(PageNo page, const char* what) {
  throw Error(ErrorCode::corrupt, "page " + std::to_string(to_u64(page)) + " is damaged: " + what +
                                      "; restore the file from a copy, or save the rest with `sapwood repair`");
}

}  // namespace sapwood::storage
