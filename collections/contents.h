// What the engine must be told about the content of pages and redo records (storage::Contents).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "collections/session.h"
#include "sapwood/options.h"
#include "storage/engine.h"

namespace sapwood::collections {

class CollectionContents final : public storage::Contents {
 public:
  storage::VerifyNode verify_node() const override;
  void begin_replay(storage::WriteTransaction& txn) override;
  void replay(Bytes operations, const storage::ValueRuns& runs) override;
  void end_replay() override;
  void relocate(storage::WriteTransaction& txn, PageNo end) override;
  void walk(const storage::PageReader& pages, const storage::Descriptor& version,
            const std::function<void(storage::Extent pages, u32 birth)>& visit) override;
  bool walk_sound(const storage::PageReader& pages, const storage::Descriptor& version,
                  const std::function<void(storage::Extent pages, u32 birth)>& visit) override;

 private:
  std::optional<WriteSession> session_;  // during a replay
};

// Verifies the catalog and all collections of one version, then what else its named snapshots have: a sentence in
// `findings` for each fault. Checksums of pages
// of transaction `summed` and older ones are computed anew. `progress` is told pages visited, of `pages_in_all`;
// Error{cancelled} if it returns false. Memory: a bit a page.
void check_collections(const storage::PageReader& pages, const storage::Descriptor& version, TxnId summed,
                       const Progress& progress, u64 pages_in_all, std::vector<std::string>& findings);

}  // namespace sapwood::collections
