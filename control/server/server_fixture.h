#ifndef CONTROL_SERVER_SERVER_FIXTURE_H_
#define CONTROL_SERVER_SERVER_FIXTURE_H_

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock/fake_clock.h"
#include "control/media/fake_media_plane.h"
#include "control/media/wait_for.h"
#include "control/server/control_server.h"
#include "control/store/testing/test_store.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tutti/control/v1/call.grpc.pb.h"
#include "tutti/control/v1/conference.grpc.pb.h"
#include "tutti/control/v1/conferencecall.grpc.pb.h"
#include "tutti/control/v1/event.grpc.pb.h"
#include "tutti/control/v1/recording.grpc.pb.h"
#include "tutti/control/v1/transcribe.grpc.pb.h"
#include "tutti/control/v1/webhook.grpc.pb.h"

namespace tutti::control {

inline constexpr char kNodeId[] = "node";
inline constexpr char kOffer[] =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";

// A control plane over a real data base (TestDatabase says which) and real gRPC, with a media node that
// has no media. Wall time is a fake clock; pauses and probes are short.
class ServerFixture : public ::testing::Test {
 protected:
  ServerFixture();
  ~ServerFixture() override;

  // Ends the control plane and starts it on the same file.
  void StopControl();
  void StartControl();
  void WaitForNode();

  using Metadata = std::map<std::string, std::string>;

  absl::StatusOr<v1::Conference> CreateConference(const v1::Conference& conference = {}, const Metadata& metadata = {});
  absl::StatusOr<v1::Conference> GetConference(const std::string& id);
  absl::StatusOr<v1::Conference> DeleteConference(const std::string& id);
  // A call of type rtp; with a conference_id it joins that.
  absl::StatusOr<v1::Call> CreateCall(const std::string& conference_id, const Metadata& metadata = {});
  absl::StatusOr<v1::Call> CreateCall(const v1::Call& call, const Metadata& metadata = {});
  absl::StatusOr<v1::Call> GetCall(const std::string& id);
  absl::StatusOr<v1::Call> HangupCall(const std::string& id);
  absl::StatusOr<std::vector<v1::Conferencecall>> ListConferencecalls(const std::string& conference_id);
  absl::StatusOr<v1::Conferencecall> Kick(const std::string& conferencecall_id);

  static v1::Call JoiningCall(const std::string& conference_id);
  // Waits for it.
  bool HasJoined(const std::string& conference_id, int count);
  bool HasHungUp(const std::string& call_id, v1::Call::HangupReason reason);

  // Events of a stream or, if empty, of all after the cursor; reads `count`.
  std::vector<v1::Event> ReadEvents(const v1::WatchEventsRequest& request, size_t count);

  TestDatabase database_;
  std::string data_dir_;
  FakeClock clock_;
  FakeMediaPlane node_;
  ControlServer::Options options_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<v1::ConferenceService::Stub> conferences_;
  std::unique_ptr<v1::ConferencecallService::Stub> conferencecalls_;
  std::unique_ptr<v1::CallService::Stub> calls_;
  std::unique_ptr<v1::EventService::Stub> events_;
  std::unique_ptr<v1::WebhookService::Stub> webhooks_;
  std::unique_ptr<v1::RecordingService::Stub> recordings_;
  std::unique_ptr<v1::TranscribeService::Stub> transcribes_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVER_SERVER_FIXTURE_H_
