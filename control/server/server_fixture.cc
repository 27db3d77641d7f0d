#include "control/server/server_fixture.h"

#include <stdlib.h>

#include "absl/strings/str_cat.h"
#include "common/rpc/client.h"
#include "common/status/grpc_status.h"

namespace tutti::control {
namespace {

// Makes a unary call and turns its outcome into a StatusOr.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Invoke(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request, const std::map<std::string, std::string>& metadata = {}) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(40));
  for (const auto& [name, value] : metadata) context.AddMetadata(name, value);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return FromGrpcStatus(status);
  return response;
}

}  // namespace

ServerFixture::ServerFixture() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tutti_control_XXXXXX").string();
  data_dir_ = mkdtemp(pattern.data());
  options_.grpc_listen = "127.0.0.1:0";
  options_.data_dir = data_dir_;
  options_.postgres_url = database_.postgres_url();
  options_.media_nodes = {{kNodeId, node_.Address()}};
  options_.watcher.probe_interval = absl::Milliseconds(20);
  options_.watcher.lost_after = absl::InfiniteDuration();
  options_.watcher.reconcile_interval = absl::InfiniteDuration();
  options_.core.clock_difference_max = absl::ZeroDuration();
  options_.scheduler.poll_interval = absl::Milliseconds(10);
  options_.scheduler.health_interval = absl::Milliseconds(50);
}

ServerFixture::~ServerFixture() {
  control_.reset();
  std::filesystem::remove_all(data_dir_);
}

void ServerFixture::StopControl() {
  control_.reset();
  if (!TestDatabase::IsPostgres()) return;
  // The next process is another owner of the nodes' leases: as if it had waited
  // until they ran out.
  EXPECT_TRUE(database_.Connect()->Execute("UPDATE media_nodes SET lease_until = 0").ok());
}

void ServerFixture::StartControl() {
  auto control = ControlServer::Start(options_, clock_);
  ASSERT_TRUE(control.ok()) << control.status();
  control_ = *std::move(control);
  const auto channel = MakeRpcChannel(absl::StrCat("127.0.0.1:", control_->GrpcPort()));
  conferences_ = v1::ConferenceService::NewStub(channel);
  conferencecalls_ = v1::ConferencecallService::NewStub(channel);
  calls_ = v1::CallService::NewStub(channel);
  events_ = v1::EventService::NewStub(channel);
  webhooks_ = v1::WebhookService::NewStub(channel);
  recordings_ = v1::RecordingService::NewStub(channel);
  transcribes_ = v1::TranscribeService::NewStub(channel);
}

void ServerFixture::WaitForNode() {
  ASSERT_TRUE(WaitFor([this] { return control_->IsNodeUp(kNodeId); }));
}

absl::StatusOr<v1::Conference> ServerFixture::CreateConference(const v1::Conference& conference,
                                                               const Metadata& metadata) {
  v1::CreateConferenceRequest request;
  *request.mutable_conference() = conference;
  return Invoke(*conferences_, &v1::ConferenceService::Stub::CreateConference, request, metadata);
}

absl::StatusOr<v1::Conference> ServerFixture::GetConference(const std::string& id) {
  v1::GetConferenceRequest request;
  request.set_id(id);
  return Invoke(*conferences_, &v1::ConferenceService::Stub::GetConference, request);
}

absl::StatusOr<v1::Conference> ServerFixture::DeleteConference(const std::string& id) {
  v1::DeleteConferenceRequest request;
  request.set_id(id);
  return Invoke(*conferences_, &v1::ConferenceService::Stub::DeleteConference, request);
}

v1::Call ServerFixture::JoiningCall(const std::string& conference_id) {
  v1::Call call;
  call.set_type(v1::Call::TYPE_RTP);
  call.set_sdp_offer(kOffer);
  v1::Action& action = *call.add_actions();
  action.set_type("conference_join");
  (*action.mutable_option()->mutable_fields())["conference_id"].set_string_value(conference_id);
  return call;
}

absl::StatusOr<v1::Call> ServerFixture::CreateCall(const std::string& conference_id, const Metadata& metadata) {
  return CreateCall(JoiningCall(conference_id), metadata);
}

absl::StatusOr<v1::Call> ServerFixture::CreateCall(const v1::Call& call, const Metadata& metadata) {
  v1::CreateCallRequest request;
  *request.mutable_call() = call;
  return Invoke(*calls_, &v1::CallService::Stub::CreateCall, request, metadata);
}

absl::StatusOr<v1::Call> ServerFixture::GetCall(const std::string& id) {
  v1::GetCallRequest request;
  request.set_id(id);
  return Invoke(*calls_, &v1::CallService::Stub::GetCall, request);
}

absl::StatusOr<v1::Call> ServerFixture::HangupCall(const std::string& id) {
  v1::HangupCallRequest request;
  request.set_id(id);
  return Invoke(*calls_, &v1::CallService::Stub::HangupCall, request);
}

absl::StatusOr<std::vector<v1::Conferencecall>> ServerFixture::ListConferencecalls(const std::string& conference_id) {
  v1::ListConferencecallsRequest request;
  request.set_conference_id(conference_id);
  const auto response = Invoke(*conferencecalls_, &v1::ConferencecallService::Stub::ListConferencecalls, request);
  if (!response.ok()) return response.status();
  return std::vector<v1::Conferencecall>(response->result().begin(), response->result().end());
}

absl::StatusOr<v1::Conferencecall> ServerFixture::Kick(const std::string& conferencecall_id) {
  v1::DeleteConferencecallRequest request;
  request.set_id(conferencecall_id);
  return Invoke(*conferencecalls_, &v1::ConferencecallService::Stub::DeleteConferencecall, request);
}

bool ServerFixture::HasJoined(const std::string& conference_id, int count) {
  return WaitFor([&] {
    const auto conference = GetConference(conference_id);
    return conference.ok() && conference->participant_count() == count;
  });
}

bool ServerFixture::HasHungUp(const std::string& call_id, v1::Call::HangupReason reason) {
  return WaitFor([&] {
    const auto call = GetCall(call_id);
    return call.ok() && call->status() == v1::Call::STATUS_HANGUP && call->hangup_reason() == reason;
  });
}

std::vector<v1::Event> ServerFixture::ReadEvents(const v1::WatchEventsRequest& request, size_t count) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(40));
  const auto reader = events_->Watch(&context, request);
  std::vector<v1::Event> events;
  v1::Event event;
  while (events.size() < count && reader->Read(&event)) events.push_back(event);
  context.TryCancel();
  reader->Finish();
  return events;
}

}  // namespace tutti::control
