// Recovery from every state of the disk that a power cut can leave. Nothing is enumerated that recovery does not read:
// metas and headers are tried in all combinations, records along the way of the scan; of a page or bitmap that the meta
// needs only one value may be possible, the right one.
#include "tests/explorer/invariants.h"

namespace sapwood::explorer {
namespace {

class Recovery {
 public:
  // `cached`: the files as the system's cache has them, as after kills.
  Recovery(const State& state, bool cached) : s_(state), cached_(cached) {
    const u8 tip = s_.shared.ring[s_.shared.tip];
    tip_history_ = s_.history(tip);
    must_have_ = s_.acknowledged_sync;
    if (cached_) must_have_ = s_.acknowledged;
    for (u8 a = 0; a < s_.attempt_count; ++a) {
      const Attempt& version = s_.attempts[a];
      const bool visible = (tip_history_ >> a & 1) != 0 && version.txn <= s_.shared.head;
      if (visible && version.wants_sync != 0) must_have_ = static_cast<u8>(must_have_ | 1u << a);
    }
  }

  Invariant check() {
    for (u8 first = 0; first < kMetas; ++first) {
      if (!may_hold(s_.files.metas[0], first)) continue;
      for (u8 second = 0; second < kMetas; ++second) {
        if (may_hold(s_.files.metas[1], second)) choose_meta(first, second);
      }
    }
    return found_;
  }

 private:
  bool may_hold(const Cell& cell, u32 value) const { return cached_ ? cell.cached == value : cell.may_hold(value); }
  bool holds_only(const Cell& cell, u32 value) const {
    return cached_ ? cell.cached == value : cell.possible == 1u << value;
  }
  void expect(bool ok, Invariant invariant) {
    if (!ok && found_ == Invariant::none) found_ = may_refuse_ ? Invariant::e10 : invariant;
  }

  // The newest valid one counts. If it cannot be read, the older one may, and recovery may also refuse.
  void choose_meta(u8 first, u8 second) {
    const bool second_newer = s_.metas[second].sequence > s_.metas[first].sequence;
    may_refuse_ = false;
    recover(second_newer ? second : first);
    may_refuse_ = true;
    const u8 older = second_newer ? first : second;
    if (older != 0 && !cached_) recover(older);
  }

  void recover(u8 meta) {
    expect(meta != 0, Invariant::e1);
    if (meta == 0) return;
    for (u8 first = 0; first < s_.use_count; ++first) {
      if (!may_hold(s_.files.headers[0], first)) continue;
      headers_[0] = first;
      for (u8 second = 0; second < s_.use_count; ++second) {
        if (!may_hold(s_.files.headers[1], second)) continue;
        headers_[1] = second;
        start(s_.metas[meta]);
      }
    }
  }

  void start(const Meta& meta) {
    if (meta.clean == 0 && headers_[s_.uses[meta.replay.use].segment] != meta.replay.use) {
      expect(may_refuse_, Invariant::e1);
      return;
    }
    const Attempt& version = s_.attempts[meta.attempt];
    const Cell& bitmap = s_.files.bitmaps[meta.active];
    for (u8 a = 0; a < s_.attempt_count; ++a) {
      expect(!may_hold(bitmap, a) || s_.page_bits(a) == s_.page_bits(meta.attempt), Invariant::e7);
    }
    expect(holds_only(s_.files.pages[version.page], meta.attempt), Invariant::e7);
    expect(holds_only(s_.files.pages[s_.attempts[version.parent].page], version.parent), Invariant::e7);
    if (meta.clean != 0) {
      finish(meta.attempt);
    } else {
      scan(meta.replay, meta.attempt);
    }
  }

  // The log is valid up to `place`, where it gave `attempt`: each way in which it may go on.
  void scan(Place place, u8 attempt) {
    const u8 segment = s_.uses[place.use].segment;
    bool may_end = place.index == kSegmentRecords;
    for (u8 value = 0; value < s_.attempt_count && place.index < kSegmentRecords; ++value) {
      if (!may_hold(s_.files.records[segment][place.index], value)) continue;
      const Attempt& record = s_.attempts[value];
      const Place behind{place.use, static_cast<u8>(place.index + 1)};
      if (value == 0 || record.end != behind || record.txn != s_.attempts[attempt].txn + 1) {
        may_end = true;
      } else {
        expect(record.parent == attempt, Invariant::e3);
        if (record.parent == attempt) scan(behind, value);
      }
    }
    if (!may_end) return;
    const u8 other = headers_[1 - segment];
    if (other != 0 && s_.uses[other].start == place) {
      scan(Place{other, 0}, attempt);
    } else {
      finish(attempt);
    }
  }

  void finish(u8 attempt) {
    expect((must_have_ & ~s_.history(attempt)) == 0, cached_ ? Invariant::e2 : Invariant::e1);
    const bool published = (tip_history_ >> attempt & 1) != 0;
    expect(published || s_.attempts[attempt].parent == s_.shared.ring[s_.shared.tip], Invariant::e3);
  }

  const State& s_;
  const bool cached_;
  u8 tip_history_ = 0;
  u8 must_have_ = 0;
  u8 headers_[2] = {};
  bool may_refuse_ = false;
  Invariant found_ = Invariant::none;
};

}  // namespace

Invariant check_recovery(const State& state) {
  const Invariant found = Recovery(state, false).check();
  // After a failed sync recovery drops what is cached, and with it perhaps async commits.
  const bool has_failed = state.shared.poisoned != 0 || (state.failures != 0 && state.shared.syncing != 0);
  if (found != Invariant::none || has_failed) return found;
  return Recovery(state, true).check();
}

}  // namespace sapwood::explorer
