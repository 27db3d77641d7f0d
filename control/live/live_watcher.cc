#include "control/live/live_watcher.h"

#include <algorithm>
#include <utility>

#include "common/log/log.h"
#include "control/rules/times.h"

namespace tutti::control {
namespace {

constexpr absl::Duration kPauseMin = absl::Milliseconds(50);
constexpr absl::Duration kPauseMax = absl::Seconds(1);
// Between two snapshots for levels.
constexpr absl::Duration kLevelsPause = absl::Seconds(1);

// Of a node, with those that the store is at.
constexpr size_t kDigitsMax = 1024;

}  // namespace

LiveWatcher::LiveWatcher(std::string node_id, NodeClient& client, TaskQueue& queue, LiveHub& hub, FindLease find_lease,
                         OnDigit on_digit)
    : node_id_(std::move(node_id)),
      client_(client),
      queue_(queue),
      hub_(hub),
      find_lease_(std::move(find_lease)),
      on_digit_(std::move(on_digit)) {}

void LiveWatcher::Start() {
  queue_.Post([this] { Watch(); });
}

void LiveWatcher::Watch() {
  const int64_t generation = ++generation_;
  reading_levels_ = levels_due_ = false;
  stream_ = client_.WatchLive({[this, generation](const auto& message) { OnMessage(generation, message); },
                               [this, generation](const auto& status) { OnStreamEnd(generation, status); }});
}

void LiveWatcher::OnMessage(int64_t generation, const media::v1::WatchLiveResponse& message) {
  if (generation != generation_) return;
  if (message.has_hello()) {
    failures_ = 0;
    sequence_ = message.hello().latest_sequence();
    ReadLevels();
  } else if (message.has_event()) {
    OnEvent(message.event());
  }
  if (stream_ != nullptr) stream_->Next();
}

void LiveWatcher::OnEvent(const media::v1::LiveEvent& event) {
  events_.fetch_add(1, std::memory_order_relaxed);
  if (event.sequence() > sequence_ + 1) {
    events_lost_.fetch_add(event.sequence() - sequence_ - 1, std::memory_order_relaxed);
    ReadLevels();
  }
  sequence_ = event.sequence();
  const absl::Time time = FromTimestamp(event.time());
  if (event.has_leg_talking()) {
    if (reading_levels_) newer_.insert(event.leg_talking().leg_id());
    hub_.OnTalking(node_id_, event.leg_talking(), time);
  } else if (event.has_leg_dtmf()) {
    hub_.OnDigit(node_id_, event.leg_dtmf(), time);
    EnqueueDigit(event.leg_dtmf());
  } else if (event.has_transcript_interim()) {
    hub_.OnInterim(node_id_, event.transcript_interim(), time);
  }
}

void LiveWatcher::OnStreamEnd(int64_t generation, const absl::Status& status) {
  if (generation != generation_) return;
  stream_.reset();
  ++generation_;
  hub_.OnNodeSilent(node_id_);
  const absl::Duration pause = std::min(kPauseMax, kPauseMin * (1 << std::min(failures_++, 10)));
  if (failures_ == 1)
    log::Info("live events of a media node paused", {{"node_id", node_id_}, {"error", status.ToString()}});
  queue_.PostAfter(pause, [this] { Watch(); });
}

void LiveWatcher::ReadLevels() {
  if (reading_levels_) {
    levels_due_ = true;
    return;
  }
  reading_levels_ = true;
  newer_.clear();
  client_.Snapshot([this, generation = generation_](const absl::StatusOr<NodeSnapshot>& snapshot) {
    OnSnapshot(generation, snapshot);
  });
}

void LiveWatcher::OnSnapshot(int64_t generation, const absl::StatusOr<NodeSnapshot>& snapshot) {
  if (generation != generation_) return;
  if (snapshot.ok()) {
    hub_.OnLevels(node_id_, snapshot->legs, newer_);
  } else {
    levels_due_ = true;
  }
  queue_.PostAfter(kLevelsPause, [this, generation] {
    if (generation != generation_) return;
    reading_levels_ = false;
    if (std::exchange(levels_due_, false)) ReadLevels();
  });
}

void LiveWatcher::EnqueueDigit(const media::v1::LegDtmf& digit) {
  if (!find_lease_().has_value()) return;
  if (digit_count_ >= kDigitsMax) {
    digits_dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  ++digit_count_;
  auto& waiting = digits_[digit.leg_id()];
  waiting.push_back(digit);
  if (waiting.size() == 1) SendDigit(digit.leg_id());
}

void LiveWatcher::SendDigit(const std::string& leg_id) {
  const std::optional<NodeLease> lease = find_lease_();
  const auto done = [this, leg_id](const absl::Status& status) {
    if (!status.ok()) log::Warning("a digit came to nothing", {{"call_id", leg_id}, {"error", status.ToString()}});
    queue_.Post([this, leg_id] {
      const auto waiting = digits_.find(leg_id);
      waiting->second.pop_front();
      --digit_count_;
      if (waiting->second.empty()) {
        digits_.erase(waiting);
      } else {
        SendDigit(leg_id);
      }
    });
  };
  if (!lease.has_value()) return done(absl::AbortedError("the media node's lease is gone"));
  on_digit_(*lease, digits_[leg_id].front(), done);
}

}  // namespace tutti::control
