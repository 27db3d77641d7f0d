// Recordings, transcriptions and media streams, from the API to the media node.

#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "control/server/server_fixture.h"
#include "speech/testing/fake_speech_server.h"

namespace tutti::control {
namespace {

using C = v1::Conference;
using ConferenceStub = v1::ConferenceService::Stub;
using RecordingStub = v1::RecordingService::Stub;
using TranscribeStub = v1::TranscribeService::Stub;

std::string Reason(const absl::Status& status) { return GetErrorDetail(status).reason; }

class RecordingsTest : public ServerFixture {
 protected:
  void SetUp() override {
    options_.speech_address = speech_.Address();
    Begin();
    room_ = CreateConference()->id();
  }
  void Begin() {
    StartControl();
    WaitForNode();
  }

  template <typename Request, typename Response, typename Stub>
  static absl::StatusOr<Response> Ask(Stub& stub,
                                      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                      const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(40));
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return FromGrpcStatus(status);
    return response;
  }
  // Of a method that names the room alone.
  template <typename Request>
  absl::StatusOr<C> AskRoom(grpc::Status (ConferenceStub::*method)(grpc::ClientContext*, const Request&, C*)) {
    Request request;
    request.set_id(room_);
    return Ask(*conferences_, method, request);
  }
  absl::StatusOr<C> Start() { return AskRoom(&ConferenceStub::StartRecording); }
  absl::StatusOr<v1::Recording> GetRecording(const std::string& id) {
    v1::GetRecordingRequest request;
    request.set_id(id);
    return Ask(*recordings_, &RecordingStub::GetRecording, request);
  }
  bool Becomes(const std::string& id, v1::Recording::Status status) {
    return WaitFor([&] { return GetRecording(id)->status() == status; });
  }
  absl::StatusOr<v1::MediaStream> Open(v1::OpenMediaStreamRequest::Direction direction, const std::string& pin = "") {
    v1::OpenMediaStreamRequest request;
    request.set_id(room_);
    request.set_direction(direction);
    request.set_pin(pin);
    request.set_source("bot");
    return Ask(*conferences_, &ConferenceStub::OpenMediaStream, request);
  }

  const speech::FakeSpeechServer speech_;
  std::string room_;
};

TEST_F(RecordingsTest, ARoomIsRecordedPausedAndStopped) {
  const std::string id = Start()->recording_id();
  EXPECT_TRUE(Becomes(id, v1::Recording::STATUS_RECORDING));
  EXPECT_EQ(Reason(Start().status()), "RECORDING_ALREADY_ACTIVE");
  ASSERT_TRUE(AskRoom(&ConferenceStub::PauseRecording).ok());
  EXPECT_TRUE(Becomes(id, v1::Recording::STATUS_PAUSED));
  ASSERT_TRUE(AskRoom(&ConferenceStub::ResumeRecording).ok());
  EXPECT_TRUE(Becomes(id, v1::Recording::STATUS_RECORDING));
  EXPECT_EQ(AskRoom(&ConferenceStub::StopRecording)->recording_id(), "");
  EXPECT_EQ(Reason(AskRoom(&ConferenceStub::StopRecording).status()), "RECORDING_NOT_ACTIVE");
  EXPECT_TRUE(Becomes(id, v1::Recording::STATUS_ENDED));
  EXPECT_EQ(GetRecording(id)->files(0).id(), id);
  EXPECT_EQ(GetConference(room_)->recording_ids(0), id);
  v1::WatchEventsRequest watch;
  watch.set_stream("conference:" + room_);
  std::vector<std::string> types;
  for (const v1::Event& event : ReadEvents(watch, 7)) types.push_back(event.type());
  EXPECT_EQ(types, (std::vector<std::string>{"conference_created", "conference_updated", "recording_started",
                                             "recording_paused", "recording_resumed", "conference_updated",
                                             "recording_finished"}));
  v1::DeleteRecordingRequest remove;
  remove.set_id(id);
  ASSERT_TRUE(Ask(*recordings_, &RecordingStub::DeleteRecording, remove).ok());
  EXPECT_TRUE(WaitFor([&] { return !node_.Recording(id).has_value(); }));
  EXPECT_EQ(Reason(GetRecording(id).status()), "RECORDING_NOT_FOUND");
}

TEST_F(RecordingsTest, ADeadNodeFailsItAndTheRoomIsRecordedAgain) {
  const std::string id = Start()->recording_id();
  ASSERT_TRUE(Becomes(id, v1::Recording::STATUS_RECORDING));
  node_.Kill();
  node_.Start();
  EXPECT_TRUE(Becomes(id, v1::Recording::STATUS_FAILED));
  EXPECT_EQ(GetRecording(id)->failure_reason(), v1::Recording::FAILURE_REASON_MEDIA_NODE_LOST);
  EXPECT_TRUE(WaitFor([&] { return GetRecording(id)->files_size() == 1; }));
  std::string next;
  EXPECT_TRUE(WaitFor([&] {
    const auto room = Start();
    if (room.ok()) next = room->recording_id();
    return room.ok();
  }));
  EXPECT_TRUE(Becomes(next, v1::Recording::STATUS_RECORDING));
}

TEST_F(RecordingsTest, ItGoesOnWhileControlIsAway) {
  const std::string id = Start()->recording_id();
  ASSERT_TRUE(Becomes(id, v1::Recording::STATUS_RECORDING));
  StopControl();
  node_.EndRecording(id, media::v1::RecordingState::FAILURE_DISK_FULL);
  Begin();
  EXPECT_TRUE(Becomes(id, v1::Recording::STATUS_FAILED));
  EXPECT_EQ(GetRecording(id)->failure_reason(), v1::Recording::FAILURE_REASON_DISK_FULL);
  EXPECT_EQ(GetConference(room_)->recording_id(), "");
}

TEST_F(RecordingsTest, WhatIsSaidBecomesTextOnce) {
  v1::StartTranscribeRequest request;
  request.set_id(room_);
  request.set_language("en-US");
  request.set_language("fr-FR");
  const absl::Status refused = Ask(*conferences_, &ConferenceStub::StartTranscribe, request).status();
  EXPECT_EQ(Reason(refused), "LANGUAGE_NOT_SUPPORTED");
  EXPECT_EQ(GetErrorDetail(refused).details.at("supported"), "en-US");
  request.set_language("en-US");
  const std::string id = Ask(*conferences_, &ConferenceStub::StartTranscribe, request)->transcribe_id();
  const std::string call = CreateCall(room_)->id();
  ASSERT_TRUE(HasJoined(room_, 1));
  v1::ListTranscriptsRequest list;
  list.set_transcribe_id(id);
  const auto count = [&] { return Ask(*transcribes_, &TranscribeStub::ListTranscripts, list)->result_size(); };
  media::v1::TranscriptMade made;
  made.set_transcription_id(id);
  made.set_leg_id(call);
  made.set_text("hello");
  node_.EmitTranscript(made);
  EXPECT_TRUE(WaitFor([&] { return count() == 1; }));
  // Texts that come while nobody watches are read afterwards, all of them.
  StopControl();
  for (int i = 0; i < 3; ++i) node_.EmitTranscript(made);
  Begin();
  EXPECT_TRUE(WaitFor([&] { return count() == 4; }));
  const auto transcript = Ask(*transcribes_, &TranscribeStub::ListTranscripts, list)->result(0);
  EXPECT_EQ(transcript.message(), "hello");
  EXPECT_EQ(transcript.conferencecall_id(), (*ListConferencecalls(room_))[0].id());
  EXPECT_EQ(AskRoom(&ConferenceStub::StopTranscribe)->transcribe_id(), "");
  v1::GetTranscribeRequest get;
  get.set_id(id);
  EXPECT_TRUE(WaitFor([&] {
    return Ask(*transcribes_, &TranscribeStub::GetTranscribe, get)->status() == v1::Transcribe::STATUS_DONE;
  }));
  EXPECT_FALSE(Ask(*transcribes_, &TranscribeStub::GetTranscribe, get)->degraded());
  v1::DeleteTranscribeRequest remove;
  remove.set_id(id);
  ASSERT_TRUE(Ask(*transcribes_, &TranscribeStub::DeleteTranscribe, remove).ok());
  EXPECT_EQ(Reason(Ask(*transcribes_, &TranscribeStub::ListTranscripts, list).status()), "TRANSCRIBE_NOT_FOUND");
}

TEST_F(RecordingsTest, AStreamHearsARoomThatNobodyIsIn) {
  const auto stream = Open(v1::OpenMediaStreamRequest::DIRECTION_RECVONLY);
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ(stream->media_address(), node_.Address());
  EXPECT_EQ(stream->rate(), 16'000);
  EXPECT_EQ(stream->call_id(), "");
  EXPECT_EQ(stream->token().size(), 64u);
  const auto opened = node_.AudioStreams();
  ASSERT_EQ(opened.count(stream->token()), 1u);
  EXPECT_EQ(opened.at(stream->token()).bridge_id(), room_);
  EXPECT_NE(Open(v1::OpenMediaStreamRequest::DIRECTION_UNSPECIFIED)->token(), stream->token());
  EXPECT_EQ(GetConference(room_)->participant_count(), 0);
  ASSERT_TRUE(DeleteConference(room_).ok());
  EXPECT_EQ(Reason(Open(v1::OpenMediaStreamRequest::DIRECTION_RECVONLY).status()), "STATE_INVALID");
}

TEST_F(RecordingsTest, AStreamBothWaysIsAParticipant) {
  const auto stream = Open(v1::OpenMediaStreamRequest::DIRECTION_SENDRECV);
  ASSERT_TRUE(stream.ok()) << stream.status();
  ASSERT_TRUE(HasJoined(room_, 1));
  EXPECT_EQ(node_.Stream(stream->call_id())->token(), stream->token());
  const auto call = *GetCall(stream->call_id());
  EXPECT_EQ(call.type(), v1::Call::TYPE_WEBSOCKET);
  EXPECT_EQ(call.source(), "bot");
  EXPECT_EQ(call.sdp_answer(), "");
  v1::WatchEventsRequest watch;
  watch.set_stream("call:" + call.id());
  for (const v1::Event& event : ReadEvents(watch, 2)) {
    EXPECT_EQ(event.SerializeAsString().find(stream->token()), std::string::npos);
  }
  node_.CloseStream(call.id());
  EXPECT_TRUE(HasHungUp(call.id(), v1::Call::HANGUP_REASON_STREAM_CLOSED));
  EXPECT_EQ(GetCall(call.id())->hangup_by(), v1::Call::HANGUP_BY_REMOTE);
}

TEST_F(RecordingsTest, AStreamNeedsWhatACallNeeds) {
  C room;
  room.set_pin("1234");
  room.set_max_participants(1);
  room_ = CreateConference(room)->id();
  EXPECT_EQ(Reason(Open(v1::OpenMediaStreamRequest::DIRECTION_SENDRECV, "1").status()), "CONFERENCE_PIN_INVALID");
  ASSERT_TRUE(Open(v1::OpenMediaStreamRequest::DIRECTION_SENDRECV, "1234").ok());
  EXPECT_EQ(Reason(Open(v1::OpenMediaStreamRequest::DIRECTION_SENDRECV, "1234").status()), "CONFERENCE_FULL");
  v1::Call call = JoiningCall(room_);
  call.set_type(v1::Call::TYPE_WEBSOCKET);
  EXPECT_EQ(Reason(CreateCall(call).status()), "INVALID_REQUEST_PARAMETER");
}

}  // namespace
}  // namespace tutti::control
