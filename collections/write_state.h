// An open write transaction as its WriteTxn, handles, ranges and savepoints share it.
#pragma once

#include <memory>

#include "collections/environment.h"
#include "collections/session.h"

namespace sapwood::collections {

class WriteState {
 public:
  WriteState(std::shared_ptr<Environment> environment, std::unique_ptr<storage::WriteTransaction> txn)
      : environment_(std::move(environment)),
        txn_(std::move(txn)),
        session_(*txn_, true, &environment_->dictionaries()) {}

  const std::shared_ptr<Environment>& environment() const { return environment_; }
  bool ended() const noexcept { return txn_->ended(); }

  // Throws Error{ended}.
  WriteSession& session() {
    if (ended()) [[unlikely]] {
      throw Error(ErrorCode::ended, "the write transaction has ended: get the collection from a new transaction");
    }
    return session_;
  }
  // Of a transaction that may have ended.
  WriteSession& session_unchecked() noexcept { return session_; }

  void commit(Durability durability);
  void rollback() noexcept { txn_->rollback(); }

 private:
  std::shared_ptr<Environment> environment_;
  std::unique_ptr<storage::WriteTransaction> txn_;
  WriteSession session_;
};

}  // namespace sapwood::collections
