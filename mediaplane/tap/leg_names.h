#ifndef MEDIAPLANE_TAP_LEG_NAMES_H_
#define MEDIAPLANE_TAP_LEG_NAMES_H_

#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "mediaplane/engine/engine.h"

namespace tutti::mediaplane {

// The ids of legs, for who is told of them by slot (TapListener). A removed leg's is
// known until its slot is another's, for what is told of it late. Thread-safe.
class LegNames {
 public:
  void Set(const LegReference& leg, std::string id) {
    absl::MutexLock lock(&mutex_);
    names_[leg.leg] = {leg.generation, std::move(id)};
  }

  // Empty when it is not known: not yet, if it has come just now, or no more.
  std::string Find(const LegReference& leg) const {
    absl::MutexLock lock(&mutex_);
    const auto it = names_.find(leg.leg);
    return it == names_.end() || it->second.first != leg.generation ? std::string() : it->second.second;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<LegSlot, std::pair<uint32_t, std::string>> names_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TAP_LEG_NAMES_H_
