#ifndef MEDIAPLANE_NODE_NODE_FIXTURE_H_
#define MEDIAPLANE_NODE_NODE_FIXTURE_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/clock/fake_clock.h"
#include "common/status/status.h"
#include "mediaplane/node/fake_media_engine.h"
#include "mediaplane/node/node.h"

namespace tutti::mediaplane {

inline std::string Id(int n) { return absl::StrFormat("01890000-0000-7000-8000-%012d", n); }

inline media::v1::MediaDescription Offer(uint32_t port = 4000, const std::string& name = "PCMU") {
  media::v1::MediaDescription offer;
  media::v1::MediaSection& section = *offer.add_sections();
  section.set_kind(media::v1::MediaSection::AUDIO);
  section.set_protocol("RTP/AVP");
  section.set_address("127.0.0.1");
  section.set_rtp_port(port);
  section.set_direction(media::v1::MediaSection::SENDRECV);
  media::v1::Codec& codec = *section.add_codecs();
  codec.set_payload_type(name == "PCMU" ? 0 : 8);
  codec.set_name(name);
  codec.set_clock_rate(8000);
  codec.set_channels(1);
  return offer;
}

class NodeTest : public testing::Test {
 protected:
  static NodeOptions Options() {
    NodeOptions options;
    options.epoch = "epoch-1";
    options.addresses = {"127.0.0.1"};
    options.legs_max = 10;
    options.audio_streams_max = 3;
    return options;
  }

  absl::StatusOr<media::v1::BridgeState> PutBridge(int id, int64_t revision) {
    media::v1::PutBridgeRequest request;
    request.set_bridge_id(Id(id));
    request.set_revision(revision);
    return node_.PutBridge(request);
  }

  absl::StatusOr<media::v1::BridgeState> RemoveBridge(int id, int64_t revision) {
    media::v1::RemoveBridgeRequest request;
    request.set_bridge_id(Id(id));
    request.set_revision(revision);
    return node_.RemoveBridge(request);
  }

  static media::v1::PutLegRequest LegRequest(int id, int64_t revision, int bridge = 0) {
    media::v1::PutLegRequest request;
    request.set_leg_id(Id(id));
    request.set_revision(revision);
    *request.mutable_offer() = Offer();
    if (bridge != 0) request.set_bridge_id(Id(bridge));
    return request;
  }

  absl::StatusOr<media::v1::LegState> PutLeg(int id, int64_t revision, int bridge = 0) {
    return node_.PutLeg(LegRequest(id, revision, bridge));
  }

  absl::StatusOr<media::v1::LegState> RemoveLeg(int id, int64_t revision) {
    media::v1::RemoveLegRequest request;
    request.set_leg_id(Id(id));
    request.set_revision(revision);
    return node_.RemoveLeg(request);
  }

  absl::StatusOr<media::v1::LegState> GetLeg(int id) {
    media::v1::GetLegRequest request;
    request.set_leg_id(Id(id));
    return node_.GetLeg(request);
  }

  // The log from the last call on, in short: "joined 1 in 101 r2".
  std::vector<std::string> Events() {
    node_.Poll();
    std::vector<std::string> out;
    const auto number = [](const std::string& id) { return std::stoi(id.substr(24)); };
    for (;;) {
      const auto event = node_.log().After(seen_);
      if (!event.ok() || *event == nullptr) return out;
      seen_ = (*event)->sequence();
      const media::v1::NodeEvent& e = **event;
      if (e.has_leg_joined()) {
        out.push_back(absl::StrFormat("joined %d in %d r%d", number(e.leg_joined().leg_id()),
                                      number(e.leg_joined().bridge_id()), e.leg_joined().revision()));
      } else if (e.has_leg_left()) {
        out.push_back(absl::StrFormat("left %d from %d r%d", number(e.leg_left().leg_id()),
                                      number(e.leg_left().bridge_id()), e.leg_left().revision()));
      } else if (e.has_leg_removed()) {
        out.push_back(absl::StrFormat("removed %d r%d sent %d", number(e.leg_removed().leg_id()),
                                      e.leg_removed().revision(), e.leg_removed().statistics().packets_sent()));
      } else if (e.has_leg_media_timeout()) {
        out.push_back(absl::StrFormat("timeout %d", number(e.leg_media_timeout().leg_id())));
      } else if (e.has_audio_finished()) {
        out.push_back(absl::StrFormat("audio %d %s", number(e.audio_finished().operation_id()),
                                      media::v1::AudioFinished::Cause_Name(e.audio_finished().cause()).substr(6)));
      } else if (e.has_resync()) {
        out.push_back("resync");
      }
    }
  }

  static std::string Reason(const absl::Status& status) { return GetErrorDetail(status).reason; }

  FakeClock clock_;
  FakeMediaEngine engine_;
  Node node_{Options(), engine_, clock_};
  int64_t seen_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_NODE_FIXTURE_H_
