#include "control/sound/audio_player.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "control/core/fake_media_node.h"
#include "control/media/fake_node_client.h"
#include "control/scheduler/fake_monotonic_clock.h"
#include "control/sound/beeper.h"
#include "control/sound/wav.h"
#include "control/speech/fake_speech_client.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

std::string Reason(const absl::Status& status) { return GetErrorDetail(status).reason; }

class AudioPlayerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_ + "/player.wav", std::ios::binary) << WavFile(SineSamples(440, 8'000, 0.1), 8'000);
    media::v1::PutLegRequest leg;
    leg.set_leg_id("leg");
    leg.set_revision(1);
    ASSERT_TRUE(node_.Put(leg).ok());
  }
  void TearDown() override {
    queue_.Stop();
    decoder_.Stop();
  }

  void Run() {
    while (queue_.RunOne() || decoder_.RunOne()) {
    }
  }
  // The answers, by operation: the reason, "ok", or nothing yet.
  std::string Play(const std::string& operation_id, const std::string& source, const std::string& leg_id = "leg") {
    Begin(operation_id, source, leg_id);
    Run();
    return answers_[operation_id];
  }
  void Begin(const std::string& operation_id, const std::string& source, const std::string& leg_id = "leg") {
    PlayRequest request;
    request.node_id = "node";
    request.operation_id = operation_id;
    request.leg_id = leg_id;
    request.source = source;
    request.volume_db = -6;
    request.stop_on_dtmf = true;
    player_.Play(request, [this, operation_id](const absl::Status& status) {
      answers_[operation_id] = status.ok() ? "ok" : Reason(status);
    });
  }

  const std::string folder_ = testing::TempDir();
  FakeMonotonicClock monotonic_;
  TaskQueue queue_{monotonic_.Function(), TaskQueue::Runner::kCaller};
  TaskQueue decoder_{monotonic_.Function(), TaskQueue::Runner::kCaller};
  FakeMediaNode node_{"node", "epoch"};
  FakeNodeClient client_{node_, queue_};
  FakeSpeechClient speech_;
  SoundLibrary library_{{.folder = folder_}, queue_, decoder_, monotonic_.Function(), nullptr, nullptr, speech_};
  AudioPlayer player_{library_, {{"node", &client_}}};
  std::map<std::string, std::string> answers_;
};

TEST_F(AudioPlayerTest, ASoundIsBroughtToTheNodeTheFirstTime) {
  EXPECT_EQ(Play("1", "file:player.wav"), "ok");
  const std::string sha256 = node_.plays.at("1").sound();
  EXPECT_EQ(client_.sent, (std::vector<std::string>{"PlayAudio 1", "PutSound " + sha256, "PlayAudio 1"}));
  EXPECT_EQ(node_.plays.at("1").volume_db(), -6);
  EXPECT_TRUE(node_.plays.at("1").stop_on_dtmf());
  client_.sent.clear();
  EXPECT_EQ(Play("2", "file:player.wav"), "ok");
  EXPECT_EQ(client_.sent, std::vector<std::string>{"PlayAudio 2"});
  node_.sounds.clear();  // Another sound took its room.
  EXPECT_EQ(Play("3", "file:player.wav"), "ok");
}

TEST_F(AudioPlayerTest, OfARepeatThatHasEndedTheEndIsTold) {
  EXPECT_EQ(Play("1", "beep"), "ok");
  node_.FinishAudio("1", media::v1::AudioFinished::CAUSE_DTMF);
  PlayRequest request;
  request.node_id = "node";
  request.operation_id = "1";
  request.leg_id = "leg";
  request.source = "beep";
  auto cause = media::v1::AudioFinished::CAUSE_UNSPECIFIED;
  player_.Play(
      request, [](const absl::Status&) { ADD_FAILURE() << "as if it were to come"; },
      [&](media::v1::AudioFinished::Cause told) { cause = told; });
  Run();
  EXPECT_EQ(cause, media::v1::AudioFinished::CAUSE_DTMF);
}

TEST_F(AudioPlayerTest, ATextIsBroughtToTheNodeAsAnySound) {
  for (const char* id : {"1", "2"}) {
    PlayRequest request;
    request.node_id = "node";
    request.operation_id = id;
    request.leg_id = "leg";
    request.text = SpokenText{"hello", "", ""};
    player_.Play(request, [this, id](const absl::Status& status) { answers_[id] = status.ToString(); });
    Run();
    EXPECT_EQ(answers_[id], "OK");
  }
  const std::string sha256 = node_.plays.at("2").sound();
  EXPECT_EQ(client_.sent,
            (std::vector<std::string>{"PlayAudio 1", "PutSound " + sha256, "PlayAudio 1", "PlayAudio 2"}));
}

TEST_F(AudioPlayerTest, ManyAtOnceBringItOnce) {
  for (const char* id : {"1", "2", "3"}) Begin(id, "file:player.wav");
  Run();
  EXPECT_EQ(std::count_if(client_.sent.begin(), client_.sent.end(), [](const auto& sent) { return sent[1] == 'u'; }),
            1);
  EXPECT_EQ(answers_, (std::map<std::string, std::string>{{"1", "ok"}, {"2", "ok"}, {"3", "ok"}}));
}

TEST_F(AudioPlayerTest, WhatEveryNodeHasIsPlayedAtOnce) {
  EXPECT_EQ(Play("1", "beep"), "ok");
  EXPECT_EQ(client_.sent, std::vector<std::string>{"PlayAudio 1"});
  EXPECT_EQ(node_.plays.at("1").sound(), "beep");
}

TEST_F(AudioPlayerTest, ErrorsHaveAReason) {
  EXPECT_EQ(Play("1", "file:none.wav"), "SOUND_NOT_FOUND");
  EXPECT_EQ(Play("2", "beep", "other"), "LEG_NOT_FOUND");
  client_.failure = absl::UnavailableError("connection refused");
  EXPECT_EQ(Play("3", "beep"), "MEDIA_NODE_UNAVAILABLE");
  client_.failure = Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY", "busy");
  EXPECT_EQ(Play("4", "beep"), "MEDIA_NODE_BUSY");
  // A node that forgets every sound at once is not asked for ever.
  client_.failure = Error(absl::StatusCode::kNotFound, "SOUND_NOT_FOUND", "never");
  client_.sent.clear();
  EXPECT_EQ(Play("5", "file:player.wav"), "SOUND_NOT_FOUND");
  EXPECT_LE(client_.sent.size(), 3u);
  EXPECT_EQ(player_.plays(), 5);
  EXPECT_EQ(player_.failures(), 5);
}

TEST_F(AudioPlayerTest, AStopReachesTheNodeAlsoBeforeThePlay) {
  StopRequest stop;
  stop.node_id = "node";
  stop.operation_id = "1";
  std::optional<absl::Status> stopped;
  Begin("1", "file:player.wav");
  player_.Stop(stop, [&](const absl::Status& status) { stopped = status; });
  Run();
  EXPECT_TRUE(stopped.has_value() && stopped->ok());
  EXPECT_EQ(answers_["1"], "ok");
  EXPECT_FALSE(node_.plays.contains("1")) << "it was stopped before it came";
  EXPECT_EQ(Play("2", "beep"), "ok");
  stop.operation_id.clear();
  stop.leg_id = "leg";
  player_.Stop(stop, [&](const absl::Status& status) { stopped = status; });
  Run();
  EXPECT_EQ(node_.audio.at("2").status(), media::v1::AudioState::STATUS_ENDED);
}

TEST_F(AudioPlayerTest, ARushOfJoinsIsOneBeep) {
  media::v1::PutBridgeRequest bridge;
  bridge.set_revision(1);
  for (const char* id : {"room", "other"}) {
    bridge.set_bridge_id(id);
    ASSERT_TRUE(node_.Put(bridge).ok());
  }
  Beeper beeper(player_, monotonic_.Function());
  beeper.Play({{"node", "room", "beep_entry", "1"}, {"node", "room", "beep_entry", "2"}});
  beeper.Play({{"node", "room", "beep_exit", "3"}, {"node", "other", "beep_entry", "4"}});
  monotonic_.Advance(Beeper::kPause - absl::Milliseconds(1));
  beeper.Play({{"node", "room", "beep_entry", "5"}});
  monotonic_.Advance(absl::Milliseconds(1));
  beeper.Play({{"node", "room", "beep_entry", "6"}});
  Run();
  EXPECT_EQ(client_.sent, (std::vector<std::string>{"PlayAudio 1", "PlayAudio 3", "PlayAudio 4", "PlayAudio 6"}));
  EXPECT_EQ(node_.plays.at("4").bridge_id(), "other");
  EXPECT_EQ(node_.audio.at("6").status(), media::v1::AudioState::STATUS_PLAYING);
}

TEST_F(AudioPlayerTest, ABeepDoesNotWaitBehindAnAnnouncement) {
  node_.audio_waits = true;
  Beeper beeper(player_, monotonic_.Function());
  media::v1::PutBridgeRequest bridge;
  bridge.set_revision(1);
  bridge.set_bridge_id("room");
  ASSERT_TRUE(node_.Put(bridge).ok());
  beeper.Play({{"node", "room", "beep_entry", "1"}});
  Run();
  EXPECT_EQ(client_.sent, (std::vector<std::string>{"PlayAudio 1", "StopAudio 1"}));
  EXPECT_EQ(node_.audio.at("1").status(), media::v1::AudioState::STATUS_ENDED);
  EXPECT_EQ(Play("2", "beep"), "ok");
  EXPECT_EQ(node_.audio.at("2").status(), media::v1::AudioState::STATUS_QUEUED) << "others wait";
}

}  // namespace
}  // namespace tutti::control
