// Audio streams: legs that have one instead of RTP, and listeners of a bridge.

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "mediaplane/node/node.h"
#include "mediaplane/node/node_parts.h"
#include "mediaplane/node/validate.h"
#include "mediaplane/stream/stream_port.h"

namespace tutti::mediaplane {
namespace {

using Kind = StreamBook::Target::Kind;

MixRate RateOf(uint32_t sample_rate_hz) { return sample_rate_hz == 8000 ? MixRate::k8000 : MixRate::k16000; }

// Nothing comes from a network: no address to find, no silence to be told of.
LegMedia MakeStreamMedia(MixRate rate) {
  LegMedia media;
  media.remote_rtp = StreamAddress(rate);
  media.remote_rtcp = media.remote_rtp;
  media.codec = rate == MixRate::k8000 ? Codec::kL16At8000 : Codec::kL16At16000;
  media.payload_type = kStreamPayloadType;
  return media;
}

}  // namespace

absl::StatusOr<media::v1::LegState> Node::CreateStreamLeg(const media::v1::PutLegRequest& request,
                                                          const Bridge* bridge) {
  TUTTI_RETURN_IF_ERROR(CheckDraining());
  const std::string& token = request.stream().token();
  TUTTI_RETURN_IF_ERROR(streams_.CheckOffer(token));
  const LegMedia media = MakeStreamMedia(RateOf(request.stream().sample_rate_hz()));
  TUTTI_ASSIGN_OR_RETURN(Leg * leg, AddLeg(request, media, /*rtcp_mux=*/true, bridge));
  leg->has_stream = true;
  streams_.Offer(token, {Kind::kLeg, leg->id}, engine_.line(leg->slot), clock_.Now());
  return Render(*leg);
}

absl::StatusOr<media::v1::OpenAudioStreamResponse> Node::OpenAudioStream(
    const media::v1::OpenAudioStreamRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckId("bridge", request.bridge_id()));
  TUTTI_RETURN_IF_ERROR(CheckSampleRate(request.sample_rate_hz()));
  TUTTI_RETURN_IF_ERROR(CheckDraining());
  const StreamBook::Target target{Kind::kBridge, request.bridge_id()};
  if (!bridges_.contains(target.id)) {
    return Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND",
                 absl::StrCat("bridge ", target.id, " is not on this node"));
  }
  if (streams_.Knows(request.token(), target)) return media::v1::OpenAudioStreamResponse();
  TUTTI_RETURN_IF_ERROR(streams_.CheckOffer(request.token()));
  streams_.Offer(
      request.token(), target,
      std::make_shared<AudioLine>(RateOf(request.sample_rate_hz()), /*speaks=*/false, options_.stream_counters),
      clock_.Now());
  return media::v1::OpenAudioStreamResponse();
}

absl::StatusOr<StreamBook::Stream> Node::ClaimStream(const std::string& token, std::function<void()> end) {
  TUTTI_ASSIGN_OR_RETURN(StreamBook::Stream stream, streams_.Claim(token, clock_.Now(), std::move(end)));
  stream.line->Begin();
  if (stream.target.kind == Kind::kBridge) {
    const absl::Status tapped = TapForStream(stream);
    if (!tapped.ok()) {
      streams_.Release(stream.ticket, stream);
      return tapped;
    }
  }
  return stream;
}

absl::Status Node::TapForStream(const StreamBook::Stream& stream) {
  auto tap = std::make_unique<StreamTap>(stream.line);
  TapWants wants;
  (stream.line->rate() == MixRate::k8000 ? wants.mix_8000 : wants.mix_16000) = true;
  TUTTI_ASSIGN_OR_RETURN(tap->subscription, tap_hub_.Subscribe(bridges_.at(stream.target.id)->slot, wants, *tap));
  stream_taps_[stream.ticket] = std::move(tap);
  return absl::OkStatus();
}

void Node::ReleaseStream(StreamBook::Ticket ticket) {
  StreamBook::Stream stream;
  if (!streams_.Release(ticket, stream)) return;
  if (const auto tap = stream_taps_.find(ticket); tap != stream_taps_.end()) {
    tap_hub_.Unsubscribe(tap->second->subscription);
    stream_taps_.erase(tap);
  }
  OnStreamClosed(stream.target);
}

// The leg or the bridge is about to be removed.
void Node::EndStreamsOf(const StreamBook::Target& target) {
  for (const StreamBook::Stream& stream : streams_.Forget(target)) {
    const auto tap = stream_taps_.find(stream.ticket);
    if (tap == stream_taps_.end()) continue;
    tap_hub_.Unsubscribe(tap->second->subscription);
    stream_taps_.erase(tap);
  }
}

// By its program, or nobody came: what remains of it is the leg.
void Node::OnStreamClosed(const StreamBook::Target& target) {
  const auto leg = target.kind == Kind::kLeg ? legs_.find(target.id) : legs_.end();
  if (leg == legs_.end()) return;
  leg->second->stream_closed = true;
  media::v1::NodeEvent event;
  event.mutable_leg_stream_closed()->set_leg_id(target.id);
  log_.Append(std::move(event));
}

}  // namespace tutti::mediaplane
