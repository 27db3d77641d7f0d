// Settings, sounds, plays and live events of the node.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mediaplane/audio/sound.h"
#include "mediaplane/node/node_fixture.h"

namespace tutti::mediaplane {
namespace {

using media::v1::AudioFinished;
using media::v1::AudioState;
using testing::ElementsAre;
using testing::IsEmpty;

class NodeAudioTest : public NodeTest {
 protected:
  static media::v1::PlayAudioRequest Request(int operation, int leg, int bridge = 0) {
    media::v1::PlayAudioRequest request;
    request.set_operation_id(Id(operation));
    if (leg != 0) request.set_leg_id(Id(leg));
    if (bridge != 0) request.set_bridge_id(Id(bridge));
    request.set_sound("beep");
    return request;
  }

  absl::StatusOr<AudioState> Play(int operation, int leg, int bridge = 0) {
    return node_.PlayAudio(Request(operation, leg, bridge));
  }

  std::vector<int> Stop(int operation, int leg = 0, int bridge = 0) {
    media::v1::StopAudioRequest request;
    if (operation != 0) request.set_operation_id(Id(operation));
    if (leg != 0) request.set_leg_id(Id(leg));
    if (bridge != 0) request.set_bridge_id(Id(bridge));
    const auto response = node_.StopAudio(request);
    EXPECT_TRUE(response.ok()) << response.status();
    std::vector<int> stopped;
    for (const std::string& id : response->operation_ids()) stopped.push_back(std::stoi(id.substr(24)));
    return stopped;
  }

  // "3 dtmf 1 5 120 ms", "4 talking 1 in 101 1".
  std::vector<std::string> Live() {
    node_.Poll();
    std::vector<std::string> out;
    while (const auto* event = node_.live_log().After(live_seen_)) {
      live_seen_ = event->sequence();
      if (event->has_leg_dtmf()) {
        out.push_back(absl::StrFormat("%d dtmf %s %s %d ms", event->sequence(), event->leg_dtmf().leg_id().substr(34),
                                      event->leg_dtmf().digit(), event->leg_dtmf().duration_ms()));
      } else {
        const auto& talking = event->leg_talking();
        out.push_back(absl::StrFormat("%d talking %s in %s %d", event->sequence(), talking.leg_id().substr(34),
                                      talking.bridge_id().substr(33), talking.talking()));
      }
    }
    return out;
  }

  void Report(EngineEvent::Kind kind, LegSlot leg, char digit = 0, bool talking = false) {
    EngineEvent event;
    event.kind = kind;
    event.leg = leg;
    event.bridge = 0;
    event.digit = digit;
    event.duration_ms = 120;
    event.talking = talking;
    event.tag = 3;
    engine_.Report(event);
  }

  int64_t live_seen_ = 0;
};

TEST_F(NodeAudioTest, PlaysOfATargetFollowEachOther) {
  ASSERT_TRUE(PutLeg(1, 1).ok());
  EXPECT_EQ(Play(51, 1)->status(), AudioState::STATUS_PLAYING);
  EXPECT_EQ(Play(52, 1)->status(), AudioState::STATUS_QUEUED);
  EXPECT_EQ(Play(53, 1)->status(), AudioState::STATUS_QUEUED);
  EXPECT_THAT(GetLeg(1)->audio_operation_ids(), ElementsAre(Id(51), Id(52), Id(53)));
  EXPECT_EQ(node_.plays(), 3u);
  engine_.EndPlay(0, kNoBridgeSlot, PlayEnd::kFinished);
  EXPECT_THAT(Events(), ElementsAre("audio 51 FINISHED"));
  EXPECT_TRUE(engine_.legs.at(0).playing);
  EXPECT_EQ(Play(52, 1)->status(), AudioState::STATUS_PLAYING);
  // Before its turn, then in it.
  EXPECT_THAT(Stop(53), ElementsAre(53));
  EXPECT_THAT(Events(), ElementsAre("audio 53 STOPPED"));
  EXPECT_THAT(Stop(52), ElementsAre(52));
  EXPECT_THAT(Stop(52), IsEmpty());
  EXPECT_THAT(Events(), ElementsAre("audio 52 STOPPED"));
  EXPECT_THAT(GetLeg(1)->audio_operation_ids(), IsEmpty());
  EXPECT_EQ(node_.plays(), 0u);
}

TEST_F(NodeAudioTest, ARepeatChangesNothing) {
  ASSERT_TRUE(PutLeg(1, 1).ok());
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(Play(51, 1).ok());
  ASSERT_TRUE(Play(51, 1).ok());
  ASSERT_TRUE(Play(51, 0, 101).ok()) << "whatever else it says";
  EXPECT_THAT(GetLeg(1)->audio_operation_ids(), ElementsAre(Id(51)));
  EXPECT_FALSE(engine_.bridges.at(0).playing);
  engine_.EndPlay(0, kNoBridgeSlot, PlayEnd::kFinished);
  EXPECT_THAT(Events(), ElementsAre("audio 51 FINISHED"));
  EXPECT_EQ(Play(51, 1)->status(), AudioState::STATUS_ENDED);
  EXPECT_EQ(Play(51, 1)->cause(), AudioFinished::CAUSE_FINISHED);
  EXPECT_FALSE(engine_.legs.at(0).playing);
  clock_.Advance(absl::Minutes(11));
  EXPECT_THAT(Events(), IsEmpty());
  EXPECT_EQ(Play(51, 1)->status(), AudioState::STATUS_PLAYING) << "forgotten";
}

TEST_F(NodeAudioTest, StoppedBeforeItCame) {
  ASSERT_TRUE(PutLeg(1, 1).ok());
  EXPECT_THAT(Stop(51), IsEmpty());
  EXPECT_THAT(Stop(51), IsEmpty());
  EXPECT_EQ(Play(51, 1)->cause(), AudioFinished::CAUSE_STOPPED);
  EXPECT_FALSE(engine_.legs.at(0).playing);
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(NodeAudioTest, AllOfATarget) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(Play(51, 0, 101).ok());
  ASSERT_TRUE(Play(52, 0, 101).ok());
  EXPECT_THAT(PutBridge(101, 1)->audio_operation_ids(), ElementsAre(Id(51), Id(52)));
  EXPECT_THAT(Stop(0, 0, 101), ElementsAre(51, 52));
  EXPECT_THAT(Stop(0, 0, 101), IsEmpty());
  EXPECT_THAT(Stop(0, 9), IsEmpty()) << "a leg that is not here";
  EXPECT_THAT(Events(), ElementsAre("audio 52 STOPPED", "audio 51 STOPPED"));
}

TEST_F(NodeAudioTest, ADigitEndsWhatSaysSoAndTheNextThatDo) {
  ASSERT_TRUE(PutLeg(1, 1).ok());
  for (int operation : {51, 52, 53, 54}) {
    auto request = Request(operation, 1);
    request.set_stop_on_dtmf(operation != 53);
    ASSERT_TRUE(node_.PlayAudio(request).ok());
  }
  EXPECT_TRUE(engine_.legs.at(0).play.stop_on_dtmf);
  engine_.EndPlay(0, kNoBridgeSlot, PlayEnd::kDtmf);
  EXPECT_THAT(Events(), ElementsAre("audio 51 DTMF", "audio 52 DTMF"));
  EXPECT_THAT(GetLeg(1)->audio_operation_ids(), ElementsAre(Id(53), Id(54)));
}

TEST_F(NodeAudioTest, PlaysEndWithTheirTargetBeforeItIsGone) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(PutLeg(1, 1).ok());
  for (int operation : {51, 52}) ASSERT_TRUE(Play(operation, 1).ok());
  for (int operation : {61, 62}) ASSERT_TRUE(Play(operation, 0, 101).ok());
  ASSERT_TRUE(RemoveLeg(1, 2).ok());
  ASSERT_TRUE(RemoveBridge(101, 2).ok());
  EXPECT_THAT(Events(), ElementsAre("audio 52 TARGET_GONE", "audio 62 TARGET_GONE", "audio 51 TARGET_GONE",
                                    "removed 1 r2 sent 0", "audio 61 TARGET_GONE"));
  EXPECT_EQ(Reason(Play(53, 1).status()), "LEG_NOT_FOUND");
  EXPECT_EQ(Reason(Play(63, 0, 101).status()), "BRIDGE_NOT_FOUND");
  EXPECT_EQ(node_.plays(), 0u);
}

TEST_F(NodeAudioTest, AFullRingIsTriedAgain) {
  ASSERT_TRUE(PutLeg(1, 1).ok());
  engine_.ring_full = true;
  EXPECT_EQ(Play(51, 1)->status(), AudioState::STATUS_QUEUED);
  EXPECT_THAT(Events(), IsEmpty());
  engine_.ring_full = false;
  EXPECT_THAT(Events(), IsEmpty());
  EXPECT_TRUE(engine_.legs.at(0).playing);
  EXPECT_EQ(Play(51, 1)->status(), AudioState::STATUS_PLAYING);
}

TEST_F(NodeAudioTest, RefusesWhatIsNoPlay) {
  ASSERT_TRUE(PutLeg(1, 1).ok());
  ASSERT_TRUE(PutBridge(101, 1).ok());
  auto request = Request(51, 1, 101);
  EXPECT_EQ(node_.PlayAudio(request).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(node_.PlayAudio(Request(51, 0)).status().code(), absl::StatusCode::kInvalidArgument);
  request = Request(51, 1);
  request.set_operation_id("51");
  EXPECT_EQ(Reason(node_.PlayAudio(request).status()), "INVALID_ID");
  for (int32_t volume : {-31, 11}) {
    request = Request(51, 1);
    request.set_volume_db(volume);
    EXPECT_EQ(node_.PlayAudio(request).status().code(), absl::StatusCode::kInvalidArgument);
  }
  request = Request(51, 0, 101);
  request.set_stop_on_dtmf(true);
  EXPECT_EQ(node_.PlayAudio(request).status().code(), absl::StatusCode::kInvalidArgument);
  request = Request(51, 1);
  request.set_sound(std::string(64, 'a'));
  EXPECT_EQ(Reason(node_.PlayAudio(request).status()), "SOUND_NOT_FOUND");
  request.set_sound("bell");
  EXPECT_EQ(node_.PlayAudio(request).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(node_.StopAudio({}).status().code(), absl::StatusCode::kInvalidArgument);
  for (int i = 0; i < 32; ++i) ASSERT_TRUE(Play(60 + i, 1).ok());
  EXPECT_EQ(Reason(Play(51, 1).status()), "AUDIO_QUEUE_FULL");
  EXPECT_TRUE(Play(51, 0, 101).ok()) << "what was refused is not remembered";
}

TEST_F(NodeAudioTest, ABridgesSoundsAndSettings) {
  const std::string music(64, 'a');
  media::v1::PutBridgeRequest request;
  request.set_bridge_id(Id(101));
  request.set_revision(1);
  request.set_parted(true);
  request.set_waiting_sound(music);
  EXPECT_EQ(Reason(node_.PutBridge(request).status()), "SOUND_NOT_FOUND");
  EXPECT_TRUE(engine_.bridges.empty());
  ASSERT_TRUE(node_.PutSound(music, Sound::Make(std::vector<int16_t>(160), MixRate::k8000)).ok());
  EXPECT_FALSE(node_.GetSound(music)->in_use());
  ASSERT_TRUE(node_.PutBridge(request).ok());
  EXPECT_TRUE(engine_.bridges.at(0).settings.parted);
  EXPECT_NE(engine_.bridges.at(0).settings.waiting, nullptr);
  EXPECT_TRUE(node_.GetSound(music)->in_use());
  request.set_parted(false);
  request.clear_waiting_sound();
  request.set_hold_sound("beep");
  ASSERT_TRUE(node_.PutBridge(request).ok());
  EXPECT_TRUE(engine_.bridges.at(0).settings.parted) << "the same revision";
  request.set_revision(2);
  ASSERT_TRUE(node_.PutBridge(request).ok());
  EXPECT_FALSE(engine_.bridges.at(0).settings.parted);
  EXPECT_EQ(engine_.bridges.at(0).settings.waiting, nullptr);
  EXPECT_NE(engine_.bridges.at(0).settings.hold, nullptr);
}

TEST_F(NodeAudioTest, ALegsSettingsArePartOfItsWantedState) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  auto request = LegRequest(1, 1, 101);
  request.mutable_settings()->set_muted(true);
  request.mutable_settings()->set_volume_db(-6);
  ASSERT_TRUE(node_.PutLeg(request).ok());
  EXPECT_TRUE(engine_.legs.at(0).settings.muted);
  EXPECT_EQ(engine_.legs.at(0).settings.volume_db, -6);
  request.mutable_settings()->set_deaf(true);
  ASSERT_TRUE(node_.PutLeg(request).ok());
  EXPECT_FALSE(engine_.legs.at(0).settings.deaf) << "the same revision";
  request.set_revision(2);
  ASSERT_TRUE(node_.PutLeg(request).ok());
  EXPECT_TRUE(engine_.legs.at(0).settings.deaf);
  ASSERT_TRUE(PutLeg(1, 3, 101).ok());
  LegSettings defaults;
  defaults.presence = engine_.legs.at(0).settings.presence;
  EXPECT_EQ(engine_.legs.at(0).settings, defaults);
  request.set_revision(4);
  request.clear_bridge_id();
  request.mutable_settings()->set_on_hold(true);
  ASSERT_TRUE(node_.PutLeg(request).ok());
  EXPECT_TRUE(engine_.legs.at(0).settings.on_hold) << "with the move";
  for (int32_t volume : {-31, 11}) {
    request.set_revision(5);
    request.mutable_settings()->set_volume_db(volume);
    EXPECT_EQ(node_.PutLeg(request).status().code(), absl::StatusCode::kInvalidArgument);
  }
  request.mutable_settings()->set_volume_db(0);
  request.mutable_settings()->add_heard_only_by("you");
  EXPECT_EQ(Reason(node_.PutLeg(request).status()), "INVALID_ID");
  request.mutable_settings()->clear_heard_only_by();
  for (int i = 0; i < 9; ++i) request.mutable_settings()->add_heard_only_by(Id(i + 10));
  EXPECT_EQ(node_.PutLeg(request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(NodeAudioTest, WhoIsInABridgeByALegIsKnownToTaps) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(PutBridge(102, 1).ok());
  const auto who = [&] { return node_.leg_names().Find(engine_.legs.at(0).settings.presence); };
  ASSERT_TRUE(PutLeg(1, 1, 101).ok());
  EXPECT_EQ(who()->leg_id, Id(1));
  EXPECT_EQ(who()->participant_id, Id(1)) << "its own id stands for it";
  auto request = LegRequest(1, 2, 102);
  request.set_participant_id(Id(21));
  ASSERT_TRUE(node_.PutLeg(request).ok());
  EXPECT_EQ(who()->leg_id, Id(1));
  EXPECT_EQ(who()->participant_id, Id(21));
  const uint32_t before = engine_.legs.at(0).settings.presence;
  request.set_revision(3);
  request.mutable_settings()->set_muted(true);
  ASSERT_TRUE(node_.PutLeg(request).ok());
  EXPECT_EQ(engine_.legs.at(0).settings.presence, before) << "the same one, muted";
  request.set_revision(4);
  request.set_participant_id(Id(22));
  engine_.ring_full = true;
  EXPECT_FALSE(node_.PutLeg(request).ok());
  engine_.ring_full = false;
  ASSERT_TRUE(node_.PutLeg(request).ok());
  EXPECT_EQ(who()->participant_id, Id(22)) << "another one in the same bridge";
  EXPECT_EQ(node_.leg_names().Find(before)->participant_id, Id(21)) << "what is told of it late";
  request.set_revision(5);
  request.set_participant_id("../x");
  EXPECT_EQ(Reason(node_.PutLeg(request).status()), "INVALID_ID");
}

TEST_F(NodeAudioTest, WhoIsHeardByALegThatComesLater) {
  auto request = LegRequest(1, 1);
  request.mutable_settings()->add_heard_only_by(Id(2));
  ASSERT_TRUE(node_.PutLeg(request).ok());
  const LegSettings& settings = engine_.legs.at(0).settings;
  EXPECT_TRUE(settings.exclusive);
  EXPECT_EQ(settings.heard_only_by[0].leg, kNoLegSlot);
  ASSERT_TRUE(PutLeg(2, 1).ok());
  EXPECT_EQ(settings.heard_only_by[0], (LegReference{1, FakeMediaEngine::kGeneration}));
  ASSERT_TRUE(PutLeg(1, 2).ok());
  EXPECT_FALSE(settings.exclusive);
  ASSERT_TRUE(RemoveLeg(1, 3).ok());
  ASSERT_TRUE(PutLeg(3, 1).ok());
}

TEST_F(NodeAudioTest, DigitsAndWhoTalksAreLive) {
  ASSERT_TRUE(PutBridge(101, 1).ok());
  ASSERT_TRUE(PutLeg(1, 1, 101).ok());
  Report(EngineEvent::Kind::kLegDtmf, 0, '#');
  Report(EngineEvent::Kind::kLegTalking, 0, 0, true);
  Report(EngineEvent::Kind::kDtmfLost, kNoLegSlot);
  Report(EngineEvent::Kind::kLegTalking, 0, 0, false);
  EXPECT_THAT(Live(), ElementsAre("1 dtmf 01 # 120 ms", "2 talking 01 in 101 1", "6 talking 01 in 101 0"));
  EXPECT_THAT(Events(), ElementsAre("joined 1 in 101 r1")) << "none of them in the log";
  engine_.legs.at(0).view.talking = true;
  EXPECT_TRUE(GetLeg(1)->talking());
}

}  // namespace
}  // namespace tutti::mediaplane
