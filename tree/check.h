// Whole-tree verification and walking.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "storage/page_set.h"
#include "tree/tree.h"

namespace sapwood::tree {

// Called for every page (pages == 1, birth its low 32 bits) and every run of pages that the tree owns, parents first.
using VisitPages = std::function<void(storage::Extent pages, u32 birth)>;

// Visits all pages of the tree: blobs and their chunk trees too. Reads branches, and leaves only if the tree owns runs.
void walk_pages(const TreeReader& tree, const VisitPages& visit);

// The same for a part of it: where `enter` says no, nothing below is visited. `leaf` (may be empty) is called with the
// bytes of each leaf entered; of the trees of large values it is not.
enum class PageUse : u8 { node, run };  // a page of a tree; of a large value, without a header
using EnterPages = std::function<bool(storage::Extent pages, u32 birth, PageUse use)>;
using VisitLeaf = std::function<void(const u8* page)>;
void walk_pages_where(const TreeReader& tree, const EnterPages& enter, const VisitLeaf& leaf = {});

// What the checks of all trees of a file share.
struct CheckedPages {
  storage::PageSet reached;  // one bit a page of the file
  TxnId summed = 0;          // pages of this transaction and older ones have checksums, which are computed anew
  bool shares = false;       // pages reached before are another version's too, and have been verified with it
};

// Verifies every page, order within and across pages, separators, counts, levels, fill of the root, blobs and their
// checksums, and that no page is reached twice. Adds a sentence to `findings` for each fault and goes on elsewhere;
// never throws for damage. `visit` (may be empty) is called for each page and run that could be reached. Without
// `shared` the tree is checked for itself. An inline leaf is not looked at: verify_inline_leaf().
void check_tree(const TreeReader& tree, const std::string& name, std::vector<std::string>& findings,
                const VisitPages& visit, CheckedPages* shared = nullptr);

// Verifies what searches rely on inside one page (bounds, slots); storage::VerifyNode. Throws Error{corrupt}.
void verify_node(const u8* page, u32 page_size, PageNo number);

}  // namespace sapwood::tree
