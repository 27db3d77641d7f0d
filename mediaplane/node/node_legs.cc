// Legs: what PutLeg asks for, and what they are now.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "mediaplane/node/node.h"
#include "mediaplane/node/node_parts.h"
#include "mediaplane/node/render.h"
#include "mediaplane/node/validate.h"
#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

using media::v1::LegState;

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

}  // namespace tutti::mediaplane
