#include "control/simulation/simulated_node.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::control::simulation {
namespace {

// So few that a watcher that was away for long finds a gap.
constexpr size_t kLogMax = 40;

constexpr absl::Duration kTick = absl::Milliseconds(20);

// The longest sound.
constexpr absl::Duration kSoundMax = absl::Seconds(3);

std::string EpochName(const std::string& id, int epoch) { return absl::StrCat(id, "-epoch-", epoch); }

absl::Status Busy() {
  return Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY", "the node has no leg left");
}

}  // namespace

SimulatedNode::SimulatedNode(World& world, std::string id)
    : world_(world), id_(std::move(id)), media_(id_, EpochName(id_, epochs_)) {
  media_.ticks_itself = false;
}

absl::Status SimulatedNode::Carry(const std::function<void(control::FakeMediaNode&)>& command) {
  if (is_full_) return Busy();
  command(media_);
  Collect();
  world_.After(world_.random.Between(absl::ZeroDuration(), kTick), [this] { Tick(); });
  return absl::OkStatus();
}

void SimulatedNode::Tick() {
  if (!is_up_ || is_stuck_) return;
  media_.Tick();
  Collect();
}

void SimulatedNode::Collect() {
  if (media_.events.empty()) return;
  for (media::v1::NodeEvent& event : media_.events) {
    if (event.has_audio_finished()) played_out_.insert(event.audio_finished().operation_id());
    if (loses_events_) continue;
    event.set_sequence(++latest_);
    log_.push_back(std::move(event));
  }
  media_.events.clear();
  last_event_ = world_.Elapsed();
  while (log_.size() > kLogMax) log_.pop_front();
  Changed();
}

void SimulatedNode::Changed() {
  std::erase_if(listeners_, [](const auto& listener) { return listener.expired(); });
  const auto listeners = listeners_;
  for (const auto& listener : listeners) {
    if (const auto call = listener.lock()) (*call)();
  }
}

void SimulatedNode::Crash() {
  if (!is_up_) return;
  world_.Tell(absl::StrCat(id_, " crashes"));
  is_up_ = false;
  NoteLost();
  Changed();
}

void SimulatedNode::Start() {
  if (is_up_) return;
  NoteLost();
  is_up_ = true;
  started_at_ = world_.Elapsed();
  media_.Restart(EpochName(id_, ++epochs_));
  log_.clear();
  latest_ = 0;
  live_latest_ = 0;
  world_.Tell(absl::StrCat(id_, " starts, ", media_.epoch()));
}

void SimulatedNode::SetBusy(bool busy) {
  world_.Tell(absl::StrCat(id_, busy ? " is busy" : " is not busy"));
  media_.busy = busy ? Busy() : absl::OkStatus();
}

void SimulatedNode::SetFull(bool full) {
  world_.Tell(absl::StrCat(id_, full ? " is full" : " is not full"));
  is_full_ = full;
}

void SimulatedNode::SetStuck(bool stuck) {
  world_.Tell(absl::StrCat(id_, stuck ? " is stuck" : " is not stuck"));
  is_stuck_ = stuck;
  Tick();
}

void SimulatedNode::LoseEvents(absl::Duration duration) {
  if (loses_events_) return;
  world_.Tell(absl::StrCat(id_, " loses events"));
  loses_events_ = true;
  world_.After(duration, [this, epochs = epochs_] {
    loses_events_ = false;
    if (epochs != epochs_ || !is_up_) return;
    media_.events.emplace_back().mutable_resync();
    Collect();
  });
}

void SimulatedNode::ReportMediaTimeout(const std::string& leg_id) {
  timed_out_.insert(leg_id);
  media_.ReportMediaTimeout(leg_id);
  Collect();
}

void SimulatedNode::OnPlay(const media::v1::PlayAudioRequest& request) {
  const std::string& id = request.operation_id();
  const auto [place, is_new] = played_.try_emplace(id, request.leg_id());
  if (place->second != request.leg_id()) world_.Fail(absl::StrCat("an operation of two calls: ", id));
  if (media_.audio.at(id).status() == media::v1::AudioState::STATUS_ENDED) return;
  world_.After(world_.random.Between(absl::Milliseconds(20), kSoundMax),
               [this, id, epochs = epochs_] { PlayOut(id, epochs); });
}

void SimulatedNode::PlayOut(const std::string& operation_id, int epochs) {
  if (epochs != epochs_ || !is_up_) return;
  if (is_stuck_) {
    return world_.After(kSoundMax, [this, operation_id, epochs] { PlayOut(operation_id, epochs); });
  }
  media_.FinishAudio(operation_id, media::v1::AudioFinished::CAUSE_FINISHED);
  Collect();
}

void SimulatedNode::Press(const std::string& leg_id, char digit) {
  if (!is_up_ || is_stuck_ || !media_.legs.contains(leg_id)) return;
  world_.Tell(absl::StrCat(world_.Name("call", leg_id), " presses ", std::string(1, digit)));
  pressed_[leg_id].push_back(digit);
  for (const auto& [id, play] : media_.plays) {
    if (play.leg_id() == leg_id && play.stop_on_dtmf()) {
      media_.FinishAudio(id, media::v1::AudioFinished::CAUSE_DTMF);
    }
  }
  Collect();
  media::v1::LiveEvent event;
  event.set_sequence(++live_latest_);
  event.mutable_time()->set_seconds(absl::ToUnixSeconds(world_.Now()));
  event.mutable_leg_dtmf()->set_leg_id(leg_id);
  event.mutable_leg_dtmf()->set_digit(std::string(1, digit));
  std::erase_if(live_listeners_, [](const auto& listener) { return listener.expired(); });
  const auto listeners = live_listeners_;
  for (const auto& listener : listeners) {
    if (const auto call = listener.lock()) (*call)(event);
  }
}

void SimulatedNode::Speak() {
  if (!is_up_ || is_stuck_) return;
  for (const auto& [id, transcription] : media_.transcriptions) {
    if (transcription.status() != media::v1::TranscriptionState::STATUS_RUNNING || world_.random.Chance(500)) continue;
    media::v1::TranscriptMade made;
    made.set_transcription_id(id);
    if (!media_.legs.empty()) made.set_leg_id(media_.legs.begin()->first);
    made.mutable_tm_begin()->set_seconds(absl::ToUnixSeconds(world_.Now()));
    made.set_text(absl::StrCat(id_, "-text-", ++texts_));
    said_[id].push_back(made.text());
    media_.Say(made);
  }
  Collect();
}

void SimulatedNode::SetReachable(const std::string& replica, bool is_reachable) {
  NoteLost();
  if (is_reachable) {
    unreachable_.erase(replica);
  } else {
    unreachable_.insert(replica);
  }
}

const media::v1::NodeEvent* SimulatedNode::FindEvent(int64_t sequence) const {
  const int64_t index = sequence - oldest_sequence();
  return index >= 0 && index < static_cast<int64_t>(log_.size()) ? &log_[index] : nullptr;
}

control::NodeSnapshot SimulatedNode::Snapshot() const {
  control::NodeSnapshot snapshot = media_.Snapshot({});
  snapshot.sequence = latest_;
  return snapshot;
}

}  // namespace tutti::control::simulation
