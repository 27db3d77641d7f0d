// Announcements, beeps and hold music, from the API to the media node.

#include <filesystem>
#include <fstream>

#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "common/testing/http_server.h"
#include "control/server/server_fixture.h"
#include "control/sound/wav.h"
#include "speech/testing/fake_speech_server.h"

namespace tutti::control {
namespace {

std::string Reason(const absl::Status& status) { return GetErrorDetail(status).reason; }

class SoundsTest : public ServerFixture {
 protected:
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
  absl::StatusOr<v1::Conference> Play(const std::string& room, const std::string& sound, int volume_db = 0) {
    v1::PlayConferenceRequest request;
    request.set_id(room);
    request.set_sound(sound);
    request.set_volume_db(volume_db);
    return Ask(*conferences_, &v1::ConferenceService::Stub::PlayConference, request);
  }
  absl::StatusOr<v1::Conferencecall> PlayTo(const std::string& participant, const std::string& sound) {
    v1::PlayConferencecallRequest request;
    request.set_id(participant);
    request.set_sound(sound);
    request.set_loop(true);
    return Ask(*conferencecalls_, &v1::ConferencecallService::Stub::PlayConferencecall, request);
  }
  absl::StatusOr<v1::Conference> Talk(const std::string& room, const std::string& text,
                                      const std::string& language = "", const std::string& voice = "") {
    v1::TalkConferenceRequest request;
    request.set_id(room);
    request.set_text(text);
    request.set_language(language);
    request.set_voice(voice);
    request.set_volume_db(-6);
    return Ask(*conferences_, &v1::ConferenceService::Stub::TalkConference, request);
  }
  absl::StatusOr<v1::Conferencecall> TalkTo(const std::string& participant, const std::string& text) {
    v1::TalkConferencecallRequest request;
    request.set_id(participant);
    request.set_text(text);
    return Ask(*conferencecalls_, &v1::ConferencecallService::Stub::TalkConferencecall, request);
  }
  // A room with one call joined.
  std::pair<std::string, std::string> RoomWithCall(bool beeps = false) {
    v1::Conference room;
    room.set_beeps(beeps);
    const auto made = CreateConference(room);
    EXPECT_TRUE(made.ok()) << made.status();
    const auto call = CreateCall(made->id());
    EXPECT_TRUE(call.ok()) << call.status();
    EXPECT_TRUE(HasJoined(made->id(), 1));
    return {made->id(), call->id()};
  }
  void WriteSound(const std::string& name, double hz) {
    options_.sounds.folder = data_dir_ + "/sounds";
    std::filesystem::create_directories(options_.sounds.folder);
    std::ofstream(options_.sounds.folder + "/" + name, std::ios::binary) << WavFile(SineSamples(hz, 8'000, 1), 8'000);
  }
};

TEST_F(SoundsTest, AnAnnouncementToARoomAndToOne) {
  WriteSound("welcome.wav", 440);
  Begin();
  const auto [room, call] = RoomWithCall();
  const auto answer = Play(room, "file:welcome.wav", -3);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->id(), room);
  EXPECT_EQ(answer->participant_count(), 1);
  ASSERT_EQ(node_.Plays().size(), 1u);
  EXPECT_EQ(node_.Plays()[0].bridge_id(), room);
  EXPECT_EQ(node_.Plays()[0].volume_db(), -3);
  EXPECT_EQ(node_.Sounds().at(node_.Plays()[0].sound()).size(), 16'000u);
  const auto participants = ListConferencecalls(room);
  const std::string participant = participants->at(0).id();
  const auto one = PlayTo(participant, "beep");
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->id(), participant);
  EXPECT_EQ(node_.Plays().back().leg_id(), call);
  EXPECT_TRUE(node_.Plays().back().loop());

  v1::StopPlayConferencecallRequest stop;
  stop.set_id(participant);
  EXPECT_TRUE(Ask(*conferencecalls_, &v1::ConferencecallService::Stub::StopPlayConferencecall, stop).ok());
  EXPECT_EQ(node_.Commands().back().method, "StopAudio");
  EXPECT_EQ(node_.Commands().back().id, call);
  v1::StopPlayConferenceRequest stop_room;
  stop_room.set_id(room);
  EXPECT_TRUE(Ask(*conferences_, &v1::ConferenceService::Stub::StopPlayConference, stop_room).ok());
  EXPECT_EQ(node_.Commands().back().id, room);
}

TEST_F(SoundsTest, AnnouncementsThatCanNotBeHeardAreRefused) {
  WriteSound("welcome.wav", 440);
  std::ofstream(options_.sounds.folder + "/text.wav") << "hello";
  Begin();
  const auto empty = CreateConference();
  EXPECT_EQ(Reason(Play(empty->id(), "beep").status()), "STATE_INVALID");
  const auto [room, call] = RoomWithCall();
  EXPECT_EQ(Reason(Play("x", "beep").status()), "INVALID_ID");
  EXPECT_EQ(Reason(Play(call, "beep").status()), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(Reason(PlayTo(call, "beep").status()), "CONFERENCECALL_NOT_FOUND");
  EXPECT_EQ(Reason(Play(room, "").status()), "MISSING_REQUEST_PARAMETER");
  EXPECT_EQ(Reason(Play(room, "fanfare").status()), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(Reason(Play(room, "file:../tutti.db").status()), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(Reason(Play(room, "beep", 11).status()), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(Reason(Play(room, "file:none.wav").status()), "SOUND_NOT_FOUND");
  EXPECT_EQ(Reason(Play(room, "file:text.wav").status()), "SOUND_NOT_SUPPORTED");
  EXPECT_EQ(Reason(Play(room, "http://127.0.0.1:1/a.wav").status()), "URL_NOT_ALLOWED");
  node_.Fail("PlayAudio", 1,
             ToGrpcStatus(Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY", "no time left")));
  EXPECT_EQ(Reason(Play(room, "beep").status()), "MEDIA_NODE_BUSY");
  EXPECT_TRUE(node_.Plays().empty());
  ASSERT_TRUE(DeleteConference(room).ok());
  EXPECT_EQ(Reason(Play(room, "beep").status()), "STATE_INVALID");
}

TEST_F(SoundsTest, ASoundByUrlIsFetchedOnce) {
  const TestHttpServer server([](const std::string& request) {
    if (request.find("GET /a.wav ") == std::string::npos) return TestHttpServer::Response(404, "");
    return TestHttpServer::Response(200, WavFile(SineSamples(440, 8'000, 1), 8'000));
  });
  auto guard = AddressGuard::Make({"127.0.0.0/8"});
  ASSERT_TRUE(guard.ok()) << guard.status();
  options_.http.guard = *guard;
  Begin();
  const auto [room, call] = RoomWithCall();
  for (int i = 0; i < 3; ++i) {
    const auto answer = Play(room, server.Url("/a.wav"));
    ASSERT_TRUE(answer.ok()) << answer.status();
  }
  EXPECT_EQ(node_.Plays().size(), 3u);
  EXPECT_EQ(node_.Sounds().size(), 1u);
  EXPECT_EQ(Reason(Play(room, server.Url("/b.wav")).status()), "SOUND_NOT_FOUND");
}

TEST_F(SoundsTest, ATextIsSpokenOnceToARoomAndToOne) {
  const speech::FakeSpeechServer speech;
  options_.speech_address = speech.Address();
  Begin();
  const auto [room, call] = RoomWithCall();
  const auto answer = Talk(room, "Welcome.", "en-US", "other");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->id(), room);
  ASSERT_EQ(node_.Plays().size(), 1u);
  EXPECT_EQ(node_.Plays()[0].bridge_id(), room);
  EXPECT_EQ(node_.Plays()[0].volume_db(), -6);
  ASSERT_EQ(node_.Sounds().size(), 1u);
  ASSERT_TRUE(Talk(room, "Welcome.", "en-US", "other").ok());
  ASSERT_EQ(speech.Syntheses().size(), 1u) << "it is kept";
  EXPECT_EQ(speech.Syntheses()[0].voice(), "other");
  const std::string participant = ListConferencecalls(room)->at(0).id();
  const auto one = TalkTo(participant, "Hello.");
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->id(), participant);
  EXPECT_EQ(node_.Plays().back().leg_id(), call);
}

TEST_F(SoundsTest, TextsThatCanNotBeHeardAreRefused) {
  speech::FakeSpeechServer speech;
  options_.speech_address = speech.Address();
  Begin();
  const auto empty = CreateConference();
  EXPECT_EQ(Reason(Talk(empty->id(), "Hello.").status()), "STATE_INVALID");
  const auto [room, call] = RoomWithCall();
  EXPECT_EQ(Reason(Talk("x", "Hello.").status()), "INVALID_ID");
  EXPECT_EQ(Reason(Talk(call, "Hello.").status()), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(Reason(TalkTo(call, "Hello.").status()), "CONFERENCECALL_NOT_FOUND");
  EXPECT_EQ(Reason(Talk(room, "").status()), "MISSING_REQUEST_PARAMETER");
  EXPECT_EQ(Reason(Talk(room, std::string(4'097, 'a')).status()), "INVALID_REQUEST_PARAMETER");
  const auto language = Talk(room, "Hallo.", "de-DE");
  EXPECT_EQ(language.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Reason(language.status()), "LANGUAGE_NOT_SUPPORTED");
  EXPECT_EQ(GetErrorDetail(language.status()).details["supported"], "en-US");
  EXPECT_EQ(Reason(Talk(room, "Hello.", "", "nobody").status()), "VOICE_NOT_FOUND");
  speech.Kill();
  const auto away = Talk(room, "Hello.");
  EXPECT_EQ(away.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Reason(away.status()), "SPEECH_UNAVAILABLE");
  EXPECT_TRUE(node_.Plays().empty());
}

TEST_F(SoundsTest, ARoomBeeps) {
  Begin();
  const auto [room, call] = RoomWithCall(true);
  ASSERT_TRUE(WaitFor([this] { return node_.Plays().size() == 1; }));
  EXPECT_EQ(node_.Plays()[0].sound(), "beep_entry");
  EXPECT_EQ(node_.Plays()[0].bridge_id(), room);
  EXPECT_EQ(node_.Plays()[0].operation_id(), ListConferencecalls(room)->at(0).id());
}

TEST_F(SoundsTest, AFlowPlaysAndGoesOnWhenTheNodeHasPlayed) {
  WriteSound("welcome.wav", 440);
  Begin();
  v1::Call call;
  call.set_type(v1::Call::TYPE_RTP);
  call.set_sdp_offer(kOffer);
  v1::Action& play = *call.add_actions();
  play.set_type("play");
  auto& sounds = *(*play.mutable_option()->mutable_fields())["sounds"].mutable_list_value();
  sounds.add_values()->set_string_value("file:welcome.wav");
  const auto made = CreateCall(call);
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_TRUE(WaitFor([this] { return node_.Plays().size() == 1; }));
  EXPECT_EQ(node_.Plays()[0].leg_id(), made->id());
  EXPECT_EQ(node_.Sounds().count(node_.Plays()[0].sound()), 1u);
  EXPECT_EQ(GetCall(made->id())->status(), v1::Call::STATUS_PROGRESSING);
  node_.FinishAudio(node_.Plays()[0].operation_id(), media::v1::AudioFinished::CAUSE_FINISHED);
  EXPECT_TRUE(HasHungUp(made->id(), v1::Call::HANGUP_REASON_FLOW_ENDED));
}

TEST_F(SoundsTest, AHoldSoundOfOnesOwnIsBroughtToTheNode) {
  WriteSound("jazz.wav", 300);
  options_.sounds.hold_sound = "file:jazz.wav";
  Begin();
  const auto [room, call] = RoomWithCall();
  ASSERT_EQ(node_.Sounds().size(), 1u);
  EXPECT_EQ(node_.BridgeRequest(room)->hold_sound(), node_.Sounds().begin()->first);
  EXPECT_EQ(node_.BridgeRequest(room)->waiting_sound(), node_.Sounds().begin()->first);
}

TEST_F(SoundsTest, AHoldSoundThatIsNoneIsSaidAtTheStart) {
  options_.sounds.folder = data_dir_;
  for (const char* sound : {"file:none.wav", "http://sounds.example/a.wav", "fanfare"}) {
    options_.sounds.hold_sound = sound;
    const auto control = ControlServer::Start(options_, clock_);
    EXPECT_FALSE(control.ok()) << sound;
    EXPECT_EQ(control.status().message().find("control.hold_sound: "), 0u) << control.status();
  }
}

}  // namespace
}  // namespace tutti::control
