#include "control/scheduler/event_sequencer.h"

#include <utility>

#include "common/log/log.h"

namespace tutti::control {

void EventSequencer::Wake() {
  if (planned_.exchange(true)) return;
  queue_.Post([this] {
    planned_ = false;
    Run();
  });
}

void EventSequencer::Run() {
  if (running_) {
    again_ = true;
    return;
  }
  running_ = true;
  events_.Sequence([this](const absl::StatusOr<int64_t>& count) {
    queue_.Post([this, count] {
      running_ = false;
      if (!count.ok()) log::Warning("events could not be put in order", {{"error", count.status().ToString()}});
      const bool has_sequenced = count.ok() && *count > 0;
      if (has_sequenced) on_sequenced_();
      if (std::exchange(again_, false) || has_sequenced) Run();
    });
  });
}

}  // namespace tutti::control
