#include "control/core/strays.h"

#include <vector>

namespace tutti::control {

Effects Strays::TakeOld(const std::string& node_id, Effects seen_now, absl::Time now, absl::Duration age_min) {
  std::map<std::pair<std::string, std::string>, absl::Time> seen;
  Effects old;
  absl::MutexLock lock(&mutex_);
  for (const auto& [from, to] :
       {std::pair{&seen_now.legs, &old.legs}, std::pair{&seen_now.bridges, &old.bridges},
        std::pair{&seen_now.recordings, &old.recordings}, std::pair{&seen_now.transcriptions, &old.transcriptions}}) {
    for (MediaRef& ref : *from) {
      const auto known = since_.find({node_id, ref.id});
      const absl::Time since = known == since_.end() ? now : known->second;
      seen[{node_id, ref.id}] = since;
      if (now - since >= age_min) to->push_back(std::move(ref));
    }
  }
  std::erase_if(since_, [&](const auto& entry) { return entry.first.first == node_id; });
  since_.merge(seen);
  return old;
}

}  // namespace tutti::control
