#include "collections/write_state.h"

namespace sapwood::collections {

void WriteState::commit(Durability durability) {
  WriteSession& open = session();
  open.check_usable();
  try {
    open.flush();
  } catch (...) {
    rollback();
    throw;
  }
  txn_->commit(durability);
}

}  // namespace sapwood::collections
