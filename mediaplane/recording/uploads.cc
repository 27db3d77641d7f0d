#include "mediaplane/recording/uploads.h"

#include <algorithm>
#include <utility>

namespace tutti::mediaplane {
namespace {

// Each has 8 MiB in memory, and a connection.
constexpr size_t kRunningMax = 2;
constexpr absl::Duration kPauseMin = absl::Seconds(5);
constexpr absl::Duration kPauseMax = absl::Minutes(5);

}  // namespace

void Uploads::Add(const std::string& recording_id) {
  waiting_.push_back(recording_id);
  UpdateFigures();
}

void Uploads::Drop(const std::string& recording_id) {
  std::erase(waiting_, recording_id);
  UpdateFigures();
}

void Uploads::Done(const std::string& recording_id, bool succeeded) {
  running_.erase(recording_id);
  if (succeeded) {
    pause_ = absl::ZeroDuration();
    next_ = absl::InfinitePast();
  } else {
    ++figures_.upload_failures;
    pause_ = std::clamp(pause_ * 2, kPauseMin, kPauseMax);
    next_ = clock_.Now() + pause_;
    waiting_.push_back(recording_id);
  }
  UpdateFigures();
}

void Uploads::Poll() {
  if (waiting_.empty() || running_.size() >= kRunningMax || clock_.Now() < next_) return;
  // One alone tries whether the store is back.
  while (!waiting_.empty() && running_.size() < (pause_ == absl::ZeroDuration() ? kRunningMax : 1)) {
    const std::string recording_id = std::move(waiting_.front());
    waiting_.pop_front();
    running_.insert(recording_id);
    begin_(recording_id);
  }
}

void Uploads::UpdateFigures() { figures_.uploads_waiting = waiting_.size() + running_.size(); }

}  // namespace tutti::mediaplane
