#include "control/sound/beeper.h"

#include <iterator>

#include "common/log/log.h"

namespace tutti::control {

void Beeper::Play(const std::vector<Beep>& beeps) {
  for (const Beep& beep : beeps) {
    if (!IsDue(beep)) continue;
    PlayRequest request;
    request.node_id = beep.node_id;
    request.bridge_id = beep.bridge_id;
    request.operation_id = beep.operation_id;
    request.source = beep.sound;
    request.only_now = true;
    player_.Play(std::move(request), [beep](const absl::Status& status) {
      if (status.ok()) return;
      log::Warning("a beep was not played", {{"conference_id", beep.bridge_id}, {"error", status.ToString()}});
    });
  }
}

bool Beeper::IsDue(const Beep& beep) {
  const absl::Duration now = clock_();
  absl::MutexLock lock(&mutex_);
  if (now - swept_ >= kPause) {
    for (auto it = last_.begin(); it != last_.end();) it = now - it->second >= kPause ? last_.erase(it) : std::next(it);
    swept_ = now;
  }
  const auto [last, is_first] = last_.try_emplace({beep.bridge_id, beep.sound}, now);
  if (!is_first && now - last->second < kPause) return false;
  last->second = now;
  return true;
}

}  // namespace tutti::control
