#ifndef MEDIAPLANE_TAP_LEG_NAMES_H_
#define MEDIAPLANE_TAP_LEG_NAMES_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

namespace tutti::mediaplane {

// Whose a leg is while it is in a bridge.
struct LegName {
  std::string leg_id;
  std::string participant_id;
};

// Names by Presence::id, for who is told of legs by taps: known before anything is told,
// and for a while after. Thread-safe.
class LegNames {
 public:
  // Of those that were retired so many are known, for what is told of them late.
  static constexpr size_t kRetiredMax = 4096;

  // Its number; never 0.
  uint32_t Add(LegName name) {
    absl::MutexLock lock(&mutex_);
    if (++last_ == 0) ++last_;
    names_[last_] = std::make_shared<const LegName>(std::move(name));
    return last_;
  }

  // The leg is removed, or another's from now on. Once.
  void Retire(uint32_t presence) {
    absl::MutexLock lock(&mutex_);
    retired_.push_back(presence);
    if (retired_.size() <= kRetiredMax) return;
    names_.erase(retired_.front());
    retired_.pop_front();
  }

  // Null: it is not known any more.
  std::shared_ptr<const LegName> Find(uint32_t presence) const {
    absl::MutexLock lock(&mutex_);
    const auto it = names_.find(presence);
    return it == names_.end() ? nullptr : it->second;
  }

 private:
  mutable absl::Mutex mutex_;
  uint32_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<uint32_t, std::shared_ptr<const LegName>> names_ ABSL_GUARDED_BY(mutex_);
  std::deque<uint32_t> retired_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TAP_LEG_NAMES_H_
