#include "mediaplane/node/node.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "mediaplane/node/node_parts.h"
#include "mediaplane/node/render.h"
#include "mediaplane/node/validate.h"

namespace tutti::mediaplane {
namespace {

using media::v1::BridgeState;
using media::v1::LegState;
using media::v1::NodeEvent;

constexpr absl::Duration kTombstoneAge = absl::Minutes(10);
// A tombstone of a leg takes about 250 bytes.
constexpr size_t kTombstonesMax = 200'000;

}  // namespace

Node::Node(NodeOptions options, MediaEngine& engine, Clock& clock)
    : options_(std::move(options)),
      engine_(engine),
      clock_(clock),
      log_(options_.epoch, clock, options_.events_max),
      live_log_(clock),
      sounds_(options_.sound_bytes_max),
      player_(engine,
              [this](const media::v1::AudioFinished& finished) {
                NodeEvent event;
                *event.mutable_audio_finished() = finished;
                log_.Append(std::move(event));
              }),
      tap_hub_([&engine](BridgeSlot bridge, const BridgeTap& tap) { return engine.SetBridgeTap(bridge, tap); },
               options_.tap_rings),
      streams_(options_.audio_streams_max),
      removed_legs_(kTombstoneAge, kTombstonesMax),
      removed_bridges_(kTombstoneAge, kTombstonesMax) {
  if (options_.recordings.folder.empty()) return;
  RecordingsOptions recordings = options_.recordings;
  recordings.tools.names = &leg_names_;
  recordings_ =
      std::make_unique<Recordings>(std::move(recordings), tap_hub_, [this](const media::v1::RecordingState& state) {
        NodeEvent event;
        *event.mutable_recording_changed()->mutable_recording() = state;
        log_.Append(std::move(event));
      });
}

Node::~Node() = default;

absl::Status Node::CheckDraining() const {
  if (!draining_) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, "MEDIA_NODE_DRAINING",
               "the media node is draining: it takes nothing new");
}

absl::StatusOr<BridgeState> Node::PutBridge(const media::v1::PutBridgeRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckIdAndRevision("bridge", request.bridge_id(), request.revision()));
  if (const int64_t* removed = removed_bridges_.Find(request.bridge_id())) {
    return Removed("BRIDGE_REMOVED", "bridge", request.bridge_id(), *removed);
  }
  auto it = bridges_.find(request.bridge_id());
  if (it == bridges_.end()) {
    TUTTI_RETURN_IF_ERROR(CheckDraining());
    TUTTI_ASSIGN_OR_RETURN(const BridgeSettings settings, MakeSettings(request));
    TUTTI_ASSIGN_OR_RETURN(const BridgeSlot slot, engine_.AddBridge(settings));
    bridge_ids_[slot] = request.bridge_id();
    auto bridge = std::make_unique<Bridge>();
    bridge->id = request.bridge_id();
    bridge->slot = slot;
    it = bridges_.emplace(request.bridge_id(), std::move(bridge)).first;
  } else if (request.revision() > it->second->revision) {
    TUTTI_ASSIGN_OR_RETURN(const BridgeSettings settings, MakeSettings(request));
    TUTTI_RETURN_IF_ERROR(engine_.SetBridge(it->second->slot, settings));
  }
  it->second->revision = std::max(it->second->revision, request.revision());
  return Render(*it->second);
}

absl::StatusOr<BridgeSettings> Node::MakeSettings(const media::v1::PutBridgeRequest& request) {
  BridgeSettings settings;
  settings.parted = request.parted();
  if (!request.waiting_sound().empty()) {
    TUTTI_ASSIGN_OR_RETURN(settings.waiting, sounds_.Find(request.waiting_sound()));
  }
  if (!request.hold_sound().empty()) {
    TUTTI_ASSIGN_OR_RETURN(settings.hold, sounds_.Find(request.hold_sound()));
  }
  return settings;
}

absl::StatusOr<BridgeState> Node::RemoveBridge(const media::v1::RemoveBridgeRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckIdAndRevision("bridge", request.bridge_id(), request.revision()));
  BridgeState state;
  state.set_bridge_id(request.bridge_id());
  state.set_removed(true);
  if (const int64_t* removed = removed_bridges_.Find(request.bridge_id())) {
    state.set_revision(*removed);
    return state;
  }
  if (const auto it = bridges_.find(request.bridge_id()); it != bridges_.end()) {
    if (request.revision() <= it->second->revision) return Render(*it->second);
    if (transcriptions_ != nullptr) transcriptions_->OnBridgeRemoved(request.bridge_id());
    EndStreamsOf({StreamBook::Target::Kind::kBridge, request.bridge_id()});
    if (recordings_ != nullptr) recordings_->EndBridge(it->second->slot);
    tap_hub_.RemoveBridge(it->second->slot);
    TUTTI_RETURN_IF_ERROR(engine_.RemoveBridge(it->second->slot));
    player_.Forsake({true, it->second->slot});
    for (auto& [id, leg] : legs_) {
      if (leg->wanted_bridge == request.bridge_id()) leg->wanted_bridge.clear();
    }
    bridges_.erase(it);
  }
  removed_bridges_.Insert(request.bridge_id(), request.revision(), clock_.Now());
  state.set_revision(request.revision());
  return state;
}

media::v1::NodeState Node::GetNode() const {
  media::v1::NodeState state;
  state.set_epoch(log_.epoch());
  state.set_legs(static_cast<int32_t>(legs_.size()));
  state.set_legs_max(options_.legs_max);
  state.set_bridges(static_cast<int32_t>(bridges_.size()));
  for (unsigned i = 0; i < engine_.worker_count(); ++i) {
    state.add_worker_load_percent(static_cast<int32_t>(engine_.worker_load_percent(i)));
  }
  state.set_busy(draining_ || engine_.busy() || state.legs() >= options_.legs_max);
  for (const std::string& address : options_.addresses) state.add_addresses(address);
  return state;
}

std::vector<media::v1::SnapshotResponse> Node::Snapshot() const {
  std::vector<media::v1::SnapshotResponse> snapshot(1);
  snapshot.reserve(1 + bridges_.size() + legs_.size());
  snapshot[0].mutable_head()->set_epoch(log_.epoch());
  snapshot[0].mutable_head()->set_sequence(log_.latest());
  for (const auto& [id, bridge] : bridges_) *snapshot.emplace_back().mutable_bridge() = Render(*bridge);
  for (const auto& [id, leg] : legs_) *snapshot.emplace_back().mutable_leg() = Render(*leg);
  if (transcriptions_ != nullptr) {
    for (auto& state : transcriptions_->Snapshot()) {
      *snapshot.emplace_back().mutable_transcription() = std::move(state);
    }
  }
  if (recordings_ != nullptr) {
    for (auto& state : recordings_->UnderWay()) *snapshot.emplace_back().mutable_recording() = std::move(state);
  }
  return snapshot;
}

void Node::Poll() {
  events_.clear();
  engine_.Poll(events_);
  const absl::Time now = clock_.Now();
  player_.Poll(now);
  for (const StreamBook::Target& target : streams_.Expire(now)) OnStreamClosed(target);
  for (const EngineEvent& event : events_) OnEvent(event);
  if (recordings_ != nullptr) recordings_->Poll();
  for (auto it = settings_due_.begin(); it != settings_due_.end();) {
    const auto due = it++;
    if (engine_.SetLegSettings((*due)->slot, MakeSettings((*due)->settings, (*due)->presence)).ok())
      settings_due_.erase(due);
  }
  removed_legs_.Expire(now);
  removed_bridges_.Expire(now);
  if (transcriptions_ != nullptr) transcriptions_->Poll();
}

bool Node::RemoveAll() {
  std::vector<std::pair<std::string, int64_t>> legs, bridges;
  for (const auto& [id, leg] : legs_) legs.emplace_back(id, leg->revision + 1);
  for (const auto& [id, bridge] : bridges_) bridges.emplace_back(id, bridge->revision + 1);
  bool all = true;
  for (const auto& [id, revision] : legs) {
    media::v1::RemoveLegRequest request;
    request.set_leg_id(id);
    request.set_revision(revision);
    all &= RemoveLeg(request).ok();
  }
  for (const auto& [id, revision] : bridges) {
    media::v1::RemoveBridgeRequest request;
    request.set_bridge_id(id);
    request.set_revision(revision);
    all &= RemoveBridge(request).ok();
  }
  return all;
}

const std::string& Node::BridgeId(BridgeSlot slot) const {
  static const std::string& none = *new std::string;
  const auto it = bridge_ids_.find(slot);
  return it == bridge_ids_.end() ? none : it->second;
}

void Node::OnEvent(const EngineEvent& event) {
  switch (event.kind) {
    case EngineEvent::Kind::kResync: {
      NodeEvent out;
      out.mutable_resync();
      log_.Append(std::move(out));
      return;
    }
    case EngineEvent::Kind::kDtmfLost:
      live_log_.Lose(static_cast<int64_t>(event.tag));
      return;
    case EngineEvent::Kind::kPlayEnded:
      player_.OnEnded(event);
      return;
    default:
      break;
  }
  const auto it = legs_by_slot_.find(event.leg);
  if (it != legs_by_slot_.end()) OnLegEvent(event, *it->second);
}

void Node::OnLegEvent(const EngineEvent& event, Leg& leg) {
  NodeEvent out;
  media::v1::LiveEvent live;
  switch (event.kind) {
    case EngineEvent::Kind::kLegJoined:
      leg.joined_bridge = BridgeId(event.bridge);
      out.mutable_leg_joined()->set_leg_id(leg.id);
      out.mutable_leg_joined()->set_bridge_id(leg.joined_bridge);
      out.mutable_leg_joined()->set_revision(static_cast<int64_t>(event.tag));
      break;
    case EngineEvent::Kind::kLegLeft:
      leg.joined_bridge.clear();
      out.mutable_leg_left()->set_leg_id(leg.id);
      out.mutable_leg_left()->set_bridge_id(BridgeId(event.bridge));
      out.mutable_leg_left()->set_revision(static_cast<int64_t>(event.tag));
      break;
    case EngineEvent::Kind::kLegMediaTimeout:
      out.mutable_leg_media_timeout()->set_leg_id(leg.id);
      break;
    case EngineEvent::Kind::kLegRemoved:
      out.mutable_leg_removed()->set_leg_id(leg.id);
      out.mutable_leg_removed()->set_revision(static_cast<int64_t>(event.tag));
      *out.mutable_leg_removed()->mutable_statistics() = RenderStatistics(event.figures, leg.codec);
      if (LegTombstone* tombstone = removed_legs_.Find(leg.id)) tombstone->figures = event.figures;
      legs_by_slot_.erase(event.leg);
      removing_.erase(event.leg);
      break;
    case EngineEvent::Kind::kLegTalking:
      live.mutable_leg_talking()->set_leg_id(leg.id);
      live.mutable_leg_talking()->set_bridge_id(BridgeId(event.bridge));
      live.mutable_leg_talking()->set_talking(event.talking);
      live_log_.Append(std::move(live));
      return;
    case EngineEvent::Kind::kLegDtmf:
      live.mutable_leg_dtmf()->set_leg_id(leg.id);
      live.mutable_leg_dtmf()->set_digit(std::string(1, event.digit));
      live.mutable_leg_dtmf()->set_duration_ms(event.duration_ms);
      live_log_.Append(std::move(live));
      return;
    case EngineEvent::Kind::kResync:
    case EngineEvent::Kind::kPlayEnded:
    case EngineEvent::Kind::kDtmfLost:
      return;
  }
  log_.Append(std::move(out));
}

BridgeState Node::Render(const Bridge& bridge) const {
  BridgeState state;
  state.set_bridge_id(bridge.id);
  state.set_revision(bridge.revision);
  state.set_leg_count(static_cast<int32_t>(engine_.bridge_leg_count(bridge.slot)));
  for (std::string& id : player_.OperationsOf({true, bridge.slot})) state.add_audio_operation_ids(std::move(id));
  return state;
}

}  // namespace tutti::mediaplane
