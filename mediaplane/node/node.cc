#include "mediaplane/node/node.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/id/id.h"
#include "common/status/status.h"
#include "mediaplane/node/node_parts.h"
#include "mediaplane/node/render.h"
#include "mediaplane/node/validate.h"
#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

using media::v1::BridgeState;
using media::v1::LegState;
using media::v1::NodeEvent;

constexpr absl::Duration kTombstoneAge = absl::Minutes(10);
// A tombstone of a leg takes about 250 bytes.
constexpr size_t kTombstonesMax = 200'000;

absl::Status Removed(const char* reason, const char* what, const std::string& id, int64_t revision) {
  return Error(absl::StatusCode::kFailedPrecondition, reason,
               absl::StrCat(what, " ", id, " was removed at revision ", revision));
}

LegMedia MakeMedia(const Negotiated& negotiated, const media::v1::PutLegRequest& request) {
  LegMedia media;
  media.remote_rtp = negotiated.remote_rtp;
  media.remote_rtcp = negotiated.remote_rtcp;
  media.codec = negotiated.codec;
  media.payload_type = negotiated.payload_type;
  media.telephone_event_type = negotiated.telephone_event_type.value_or(kNoPayloadType);
  media.may_send = negotiated.may_send;
  media.may_receive = negotiated.may_receive;
  media.symmetric = request.symmetric();
  media.media_timeout_ms = request.media_timeout_ms();
  return media;
}

const std::string& ParticipantOf(const media::v1::PutLegRequest& request) {
  return request.participant_id().empty() ? request.leg_id() : request.participant_id();
}

// A re-offer keeps the leg's ports, so it must fit them. rtcp-mux once agreed
// stays; where it was not, it is left out of the answer.
absl::Status FitToEndpoint(const Endpoint& endpoint, Negotiated& negotiated) {
  const bool mux = endpoint.rtp == endpoint.rtcp;
  if (mux && !negotiated.rtcp_mux) {
    return Error(absl::StatusCode::kInvalidArgument, "MEDIA_NOT_SUPPORTED",
                 "a re-offer can't take back rtcp-mux: the leg has one port");
  }
  if (!IsUnspecified(negotiated.remote_rtp) && IsIpv4(negotiated.remote_rtp) != IsIpv4(endpoint.rtp)) {
    return Error(absl::StatusCode::kInvalidArgument, "MEDIA_NOT_SUPPORTED",
                 "a re-offer can't change between IPv4 and IPv6");
  }
  negotiated.rtcp_mux = mux;
  return absl::OkStatus();
}

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

// Legs that are named and not here (yet) are left out: TellThoseHeardBy.
LegSettings Node::MakeSettings(const media::v1::LegSettings& settings, uint32_t presence) const {
  LegSettings made;
  made.presence = presence;
  made.muted = settings.muted();
  made.deaf = settings.deaf();
  made.on_hold = settings.on_hold();
  made.volume_db = static_cast<int8_t>(settings.volume_db());
  made.exclusive = settings.heard_only_by_size() > 0;
  size_t count = 0;
  for (const std::string& id : settings.heard_only_by()) {
    const auto it = legs_.find(id);
    if (it != legs_.end()) made.heard_only_by[count++] = {it->second->slot, it->second->generation};
  }
  return made;
}

// A leg has come, or gone: who is heard by it alone must know.
void Node::TellThoseHeardBy(const std::string& leg_id) {
  for (Leg* leg : exclusive_) {
    const auto& ids = leg->settings.heard_only_by();
    if (std::find(ids.begin(), ids.end(), leg_id) == ids.end()) continue;
    if (!engine_.SetLegSettings(leg->slot, MakeSettings(leg->settings, leg->presence)).ok()) settings_due_.insert(leg);
  }
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

absl::StatusOr<LegState> Node::PutLeg(const media::v1::PutLegRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckIdAndRevision("leg", request.leg_id(), request.revision()));
  TUTTI_RETURN_IF_ERROR(CheckLeg(request));
  if (const LegTombstone* removed = removed_legs_.Find(request.leg_id())) {
    return Removed("LEG_REMOVED", "leg", request.leg_id(), removed->revision);
  }
  const auto it = legs_.find(request.leg_id());
  if (it != legs_.end() && request.revision() <= it->second->revision) return Render(*it->second);
  if (it == legs_.end() ? request.has_offer() == request.has_stream()
                        : it->second->has_stream != request.has_stream()) {
    return InvalidRequest(
        absl::StrCat("leg ", request.leg_id(), " has an offer or a stream, one of the two and always the same"));
  }

  const Bridge* bridge = nullptr;
  if (!request.bridge_id().empty()) {
    const auto found = bridges_.find(request.bridge_id());
    if (found == bridges_.end()) {
      return Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND",
                   absl::StrCat("bridge ", request.bridge_id(), " is not on this node"));
    }
    bridge = found->second.get();
  }
  if (it == legs_.end()) return request.has_stream() ? CreateStreamLeg(request, bridge) : CreateLeg(request, bridge);
  TUTTI_RETURN_IF_ERROR(ChangeLeg(request, bridge, *it->second));
  return Render(*it->second);
}

absl::StatusOr<LegState> Node::CreateLeg(const media::v1::PutLegRequest& request, const Bridge* bridge) {
  TUTTI_RETURN_IF_ERROR(CheckDraining());
  TUTTI_ASSIGN_OR_RETURN(const Negotiated negotiated, Negotiate(request.offer(), options_.rtp_peer_allow));
  TUTTI_ASSIGN_OR_RETURN(Leg * leg, AddLeg(request, MakeMedia(negotiated, request), negotiated.rtcp_mux, bridge));
  leg->answer = MakeAnswer(request.offer(), negotiated, leg->endpoint);
  return Render(*leg);
}

absl::StatusOr<Node::Leg*> Node::AddLeg(const media::v1::PutLegRequest& request, const LegMedia& media, bool rtcp_mux,
                                        const Bridge* bridge) {
  // Known before a worker tells of it.
  const uint32_t presence = leg_names_.Add({request.leg_id(), ParticipantOf(request)});
  const auto added =
      engine_.AddLeg(media, rtcp_mux, bridge == nullptr ? kNoBridgeSlot : bridge->slot,
                     static_cast<uint64_t>(request.revision()), MakeSettings(request.settings(), presence));
  if (!added.ok()) {
    leg_names_.Retire(presence);
    return added.status();
  }
  auto leg = std::make_unique<Leg>();
  leg->id = request.leg_id();
  leg->participant_id = ParticipantOf(request);
  leg->presence = presence;
  leg->revision = request.revision();
  leg->slot = added->leg;
  leg->endpoint = added->endpoint;
  leg->generation = added->generation;
  leg->settings = request.settings();
  leg->codec = media.codec;
  leg->wanted_bridge = request.bridge_id();
  legs_by_slot_[leg->slot] = leg.get();
  if (leg->settings.heard_only_by_size() > 0) exclusive_.insert(leg.get());
  Leg* kept = (legs_[request.leg_id()] = std::move(leg)).get();
  TellThoseHeardBy(request.leg_id());
  return kept;
}

absl::Status Node::ChangeMedia(const media::v1::PutLegRequest& request, Leg& leg) {
  TUTTI_ASSIGN_OR_RETURN(Negotiated negotiated, Negotiate(request.offer(), options_.rtp_peer_allow));
  TUTTI_RETURN_IF_ERROR(FitToEndpoint(leg.endpoint, negotiated));
  TUTTI_RETURN_IF_ERROR(engine_.UpdateLeg(leg.slot, MakeMedia(negotiated, request)));
  leg.codec = negotiated.codec;
  leg.answer = MakeAnswer(request.offer(), negotiated, leg.endpoint);
  return absl::OkStatus();
}

// The revision is taken last: after a full ring in the middle the same command
// is carried out again, and what was done already is found unchanged.
absl::Status Node::ChangeLeg(const media::v1::PutLegRequest& request, const Bridge* bridge, Leg& leg) {
  if (!leg.has_stream) TUTTI_RETURN_IF_ERROR(ChangeMedia(request, leg));
  if (const std::string& participant = ParticipantOf(request); leg.participant_id != participant) {
    leg_names_.Retire(leg.presence);
    leg.presence = leg_names_.Add({leg.id, participant});
    leg.participant_id = participant;
  }
  const LegSettings settings = MakeSettings(request.settings(), leg.presence);
  if (leg.wanted_bridge != request.bridge_id()) {
    TUTTI_RETURN_IF_ERROR(engine_.SetLegBridge(leg.slot, bridge == nullptr ? kNoBridgeSlot : bridge->slot,
                                               static_cast<uint64_t>(request.revision()), &settings));
    leg.wanted_bridge = request.bridge_id();
  } else {
    TUTTI_RETURN_IF_ERROR(engine_.SetLegSettings(leg.slot, settings));
  }
  leg.settings = request.settings();
  settings_due_.erase(&leg);
  exclusive_.erase(&leg);
  if (settings.exclusive) exclusive_.insert(&leg);
  leg.revision = request.revision();
  return absl::OkStatus();
}

absl::StatusOr<LegState> Node::RemoveLeg(const media::v1::RemoveLegRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckIdAndRevision("leg", request.leg_id(), request.revision()));
  if (const LegTombstone* removed = removed_legs_.Find(request.leg_id())) {
    LegState state;
    state.set_leg_id(request.leg_id());
    state.set_revision(removed->revision);
    state.set_removed(true);
    *state.mutable_statistics() = RenderStatistics(removed->figures, removed->codec);
    return state;
  }
  LegState state;
  LegTombstone tombstone{request.revision(), Codec::kNone, {}};
  if (const auto it = legs_.find(request.leg_id()); it != legs_.end()) {
    Leg& leg = *it->second;
    if (request.revision() <= leg.revision) return Render(leg);
    TUTTI_RETURN_IF_ERROR(engine_.RemoveLeg(leg.slot, static_cast<uint64_t>(request.revision())));
    leg_names_.Retire(leg.presence);
    player_.Forsake({false, leg.slot});
    EndStreamsOf({StreamBook::Target::Kind::kLeg, leg.id});
    exclusive_.erase(&leg);
    settings_due_.erase(&leg);
    leg.revision = request.revision();
    tombstone.codec = leg.codec;
    if (const auto view = engine_.GetLeg(leg.slot); view.ok()) tombstone.figures = view->figures;
    state = Render(leg);
    removing_[leg.slot] = std::move(it->second);
    legs_.erase(it);
  }
  state.set_leg_id(request.leg_id());
  state.set_revision(request.revision());
  state.set_removed(true);
  removed_legs_.Insert(request.leg_id(), tombstone, clock_.Now());
  return state;
}

absl::StatusOr<LegState> Node::GetLeg(const media::v1::GetLegRequest& request) {
  const auto it = legs_.find(request.leg_id());
  if (it != legs_.end()) return Render(*it->second);
  return Error(absl::StatusCode::kNotFound, "LEG_NOT_FOUND",
               absl::StrCat("leg ", request.leg_id(), " is not on this node"));
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

LegState Node::Render(const Leg& leg) const {
  LegState state;
  state.set_leg_id(leg.id);
  state.set_revision(leg.revision);
  if (!leg.has_stream) *state.mutable_answer() = leg.answer;
  state.set_stream_closed(leg.stream_closed);
  state.set_bridge_id(leg.joined_bridge);
  const auto view = engine_.GetLeg(leg.slot);
  if (!view.ok()) return state;
  state.set_media_timed_out(view->media_timed_out);
  state.set_talking(view->talking);
  for (std::string& id : player_.OperationsOf({false, leg.slot})) state.add_audio_operation_ids(std::move(id));
  *state.mutable_statistics() = RenderStatistics(view->figures, leg.codec);
  return state;
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
