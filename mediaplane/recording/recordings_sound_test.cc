// What is in a recording, and how long it is.

#include <algorithm>

#include "absl/strings/str_split.h"
#include "mediaplane/audio/sound.h"
#include "mediaplane/recording/recordings_fixture.h"

namespace tutti::mediaplane {
namespace {

constexpr double kTick = 0.02;

TEST_F(RecordingsTest, WhatASilentParticipantHearsAsLongAsItLasted) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  Call(bridge, 503);
  Call(bridge, 1103, Codec::kG722);
  TestCaller& muted = Call(bridge, 811);
  TestCaller& held = Call(bridge, 811);
  TestCaller& coach = Call(bridge, 811);
  TestCaller& elsewhere = Call(*node_->engine().AddBridge(), 811);
  ASSERT_TRUE(node_->engine().SetLegSettings(muted.leg, {.muted = true}).ok());
  ASSERT_TRUE(node_->engine().SetLegSettings(held.leg, {.on_hold = true}).ok());
  LegSettings heard_by_one = {.exclusive = true};
  heard_by_one.heard_only_by[0] = {muted.leg, 1};
  ASSERT_TRUE(node_->engine().SetLegSettings(coach.leg, heard_by_one).ok());
  Run(kSecond);
  std::vector<int16_t> prompt(16'000);
  for (size_t i = 0; i < prompt.size(); ++i) prompt[i] = Tone(2003, 6000, 16000)(static_cast<int64_t>(i));
  ASSERT_TRUE(
      node_->engine().PlayToLeg(elsewhere.leg, {.sound = Sound::Make(prompt, MixRate::k16000), .loop = true}).ok());
  ASSERT_TRUE(node_->engine().PlayToLeg(muted.leg, {.sound = Sound::Make(prompt, MixRate::k16000), .loop = true}).ok());

  EXPECT_EQ(PutOk(Request(1, 1), bridge).status(), State::STATUS_STARTING);
  Run(2 * kSecond);
  EXPECT_EQ(Last(1).status(), State::STATUS_RECORDING);
  EXPECT_TRUE(Last(1).has_tm_start());
  ASSERT_TRUE(node_->engine().PlayToBridge(bridge, {.sound = Sound::Make(prompt, MixRate::k16000)}).ok());
  Run(2 * kSecond);
  EXPECT_EQ(PutOk(Request(1, 2, Put::WANTED_STOP), bridge).status(), State::STATUS_FINISHING);
  const State ended = Finish(1);
  EXPECT_EQ(ended.status(), State::STATUS_ENDED);
  EXPECT_EQ(ended.revision(), 2);
  const Sound16 mixed = Mixed(1);
  EXPECT_EQ(mixed.rate, 16000);
  EXPECT_EQ(mixed.channels, 1);
  EXPECT_NEAR(mixed.seconds(), 4, kTick + 1e-9);
  EXPECT_EQ(ended.duration_ms(), static_cast<int64_t>(mixed.samples.size()) / 16);
  EXPECT_NEAR(static_cast<double>(ended.tm_end().seconds() - ended.tm_start().seconds()), 4, 1.01);
  EXPECT_NEAR(Level(mixed, 503, 0.5, 1.5), 9000, 150);
  EXPECT_NEAR(Level(mixed, 1103, 0.5, 1.5), 9000, 300);
  EXPECT_LT(Level(mixed, 811, 0.5, 3.5), 20) << "muted, on hold, a coach, another room";
  EXPECT_LT(Level(mixed, 2003, 0.5, 1.9), 20) << "private prompts";
  EXPECT_NEAR(Level(mixed, 2003, 2.2, 2.8), 6000, 150) << "announcements to all";
  ASSERT_EQ(ended.files_size(), 2);
  EXPECT_EQ(ended.files(0).kind(), media::v1::RecordingFile::KIND_MIXED);
  EXPECT_EQ(ended.files(0).file_id(), Id(1));
  EXPECT_EQ(ended.files(0).name(), Id(1) + ".wav");
  EXPECT_EQ(ended.files(0).content_type(), "audio/wav");
  EXPECT_EQ(ended.files(0).size(), static_cast<int64_t>(std::filesystem::file_size(Path(1, Id(1) + ".wav"))));
  EXPECT_EQ(ended.files(1).kind(), media::v1::RecordingFile::KIND_MARKERS);
}

TEST_F(RecordingsTest, TwoRoomsNeverHoldEachOthersTone) {
  const BridgeSlot one = *node_->engine().AddBridge(), two = *node_->engine().AddBridge();
  Call(one, 503);
  Call(two, 811);
  PutOk(Request(1, 1), one);
  PutOk(Request(2, 1), two);
  Run(3 * kSecond);
  PutOk(Request(1, 2, Put::WANTED_STOP), one);
  PutOk(Request(2, 2, Put::WANTED_STOP), two);
  Finish(1);
  const Sound16 first = Mixed(1), second = Mixed(2);
  EXPECT_NEAR(Level(first, 503, 0.5, 2.5), 9000, 150);
  EXPECT_NEAR(Level(second, 811, 0.5, 2.5), 9000, 150);
  EXPECT_LT(Level(first, 811, 0, 2.9), 5);
  EXPECT_LT(Level(second, 503, 0, 2.9), 5);
}

TEST_F(RecordingsTest, BeginsBeforeAnybodyIsThereAndTellsWhoCameAndWent) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  auto request = Request(1, 1);
  request.set_sample_rate_hz(8000);
  PutOk(request, bridge);
  Run(kSecond);
  EXPECT_EQ(Last(1).status(), State::STATUS_RECORDING);
  TestCaller& caller = Call(bridge, 503);
  Run(kSecond);
  ASSERT_TRUE(node_->engine().RemoveLeg(caller.leg, 5).ok());
  Run(kSecond);
  PutOk(Request(1, 2, Put::WANTED_STOP), bridge);
  Finish(1);
  const Sound16 mixed = Mixed(1);
  EXPECT_EQ(mixed.rate, 8000);
  EXPECT_NEAR(mixed.seconds(), 3, kTick + 1e-9);
  EXPECT_LT(Level(mixed, 503, 0, 0.98), 1);
  EXPECT_NEAR(Level(mixed, 503, 1.2, 1.9), 9000, 150);
  EXPECT_LT(Level(mixed, 503, 2.2, 2.9), 1);
  const std::string markers = Markers(1);
  const std::string who =
      absl::StrCat("\"conferencecall_id\": \"", ParticipantId(caller), "\", \"call_id\": \"", LegId(caller), "\"");
  const size_t begin = markers.find("\"begin\""), joined = markers.find("\"joined\", " + who),
               left = markers.find("\"left\", " + who), end = markers.find("\"end\"");
  EXPECT_LT(begin, joined) << markers;
  EXPECT_LT(joined, left) << markers;
  EXPECT_LT(left, end) << markers;
  ASSERT_NE(end, std::string::npos);
  const auto offset = [&](size_t at) { return std::stoi(markers.substr(markers.find("offset_ms", at) + 12)); };
  EXPECT_NEAR(offset(joined), 1000, 45);
  EXPECT_NEAR(offset(left), 2000, 45);
  EXPECT_NEAR(offset(end), 3000, 20);
}

TEST_F(RecordingsTest, APauseIsLeftOut) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  TestCaller& caller = Call(bridge, 503);
  Run(kSecond);
  PutOk(Request(1, 1), bridge);
  Run(kSecond);
  EXPECT_EQ(PutOk(Request(1, 2, Put::WANTED_PAUSE), bridge).status(), State::STATUS_PAUSED);
  caller.voice = Tone(811, 9000, 8000);
  Run(2 * kSecond);
  caller.voice = Tone(1103, 9000, 8000);
  Run(200 * kMs);
  EXPECT_EQ(PutOk(Request(1, 3, Put::WANTED_RECORD), bridge).status(), State::STATUS_RECORDING);
  Run(kSecond);
  PutOk(Request(1, 4, Put::WANTED_STOP), bridge);
  Finish(1);
  const Sound16 mixed = Mixed(1);
  EXPECT_NEAR(mixed.seconds(), 2, 2 * kTick);
  EXPECT_NEAR(Level(mixed, 503, 0.1, 0.9), 9000, 150);
  EXPECT_LT(Level(mixed, 811, 0, mixed.seconds()), 30);
  EXPECT_NEAR(Level(mixed, 1103, 1.1, 1.9), 9000, 150);
  EXPECT_NE(Markers(1).find("\"paused\", \"offset_ms\": 980"), std::string::npos) << Markers(1);
  EXPECT_NE(Markers(1).find("\"resumed\""), std::string::npos);
  EXPECT_EQ(figures_.ticks_filled, 0u);
}

TEST_F(RecordingsTest, EndsByItselfAfterItsLongestDuration) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  Call(bridge, 503);
  auto request = Request(1, 1);
  request.set_duration_ms_max(2000);
  PutOk(request, bridge);
  Run(5 * kSecond);
  EXPECT_EQ(Last(1).status(), State::STATUS_ENDED);
  EXPECT_EQ(Last(1).duration_ms(), 2000);
  EXPECT_EQ(Mixed(1).samples.size(), 32'000u);
  EXPECT_EQ(hub_->subscriptions(), 0u);
}

TEST_F(RecordingsTest, TicksThatDidNotComeAreSilenceAndTheLengthIsTrue) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  Call(bridge, 503);
  PutOk(Request(1, 1), bridge);
  Run(kSecond);
  for (const unsigned worker : {0u, 1u}) node_->Stall(worker, true);
  Run(kSecond);
  for (const unsigned worker : {0u, 1u}) node_->Stall(worker, false);
  Run(kSecond);
  PutOk(Request(1, 2, Put::WANTED_STOP), bridge);
  Finish(1);
  const Sound16 mixed = Mixed(1);
  EXPECT_NEAR(mixed.seconds(), 3, kTick + 1e-9);
  EXPECT_NEAR(Level(mixed, 503, 0.5, 0.98), 9000, 150);
  EXPECT_LT(Level(mixed, 503, 1.06, 1.9), 5);
  EXPECT_NEAR(Level(mixed, 503, 2.2, 2.9), 9000, 300);
  EXPECT_NEAR(static_cast<double>(figures_.ticks_filled), 47, 3);
}

TEST_F(RecordingsTest, AFullRingIsAGapAndTheLengthIsTrue) {
  MakeNode({.tap_ring_size = 127});
  const BridgeSlot bridge = *node_->engine().AddBridge();
  Call(bridge, 503);
  PutOk(Request(1, 1), bridge);
  Run(kSecond);
  // The tap thread does not run.
  node_->Run(3 * kSecond);
  Run(kSecond);
  node_->Run(3 * kSecond);
  PutOk(Request(1, 2, Put::WANTED_STOP), bridge);
  Finish(1);
  EXPECT_NEAR(Mixed(1).seconds(), 8, kTick + 1e-9);
  EXPECT_GT(node_->Total(&WorkerCounters::tap_messages_lost), 100u);
}

TEST_F(RecordingsTest, SpeakersHaveFilesOnTheSameTimeLine) {
  const BridgeSlot bridge = *node_->engine().AddBridge();
  auto request = Request(1, 1);
  request.set_per_speaker(true);
  PutOk(request, bridge);
  Run(kSecond);
  TestCaller& low = Call(bridge, 503);
  TestCaller& silent = Call(bridge, 503);
  silent.voice = Silence();
  Run(kSecond);
  TestCaller& high = Call(bridge, 1103, Codec::kG722);
  Run(kSecond);
  ASSERT_TRUE(node_->engine().RemoveLeg(low.leg, 1).ok());
  Run(kSecond);
  PutOk(Request(1, 2, Put::WANTED_STOP), bridge);
  const State ended = Finish(1);
  ASSERT_EQ(ended.files_size(), 4) << "the mix, two who spoke, markers";
  const Sound16 mixed = Mixed(1);
  for (int i = 1; i < 3; ++i) {
    const auto& file = ended.files(i);
    EXPECT_EQ(file.kind(), media::v1::RecordingFile::KIND_SPEAKER);
    EXPECT_NE(file.file_id(), Id(1));
    const bool is_low = file.leg_id() == LegId(low);
    EXPECT_TRUE(is_low || file.leg_id() == LegId(high));
    EXPECT_EQ(file.participant_id(), ParticipantId(is_low ? low : high));
    EXPECT_EQ(file.name(), absl::StrCat(Id(1), "-", file.participant_id(), "-", file.leg_id(), ".wav"));
    const Sound16 speaker = ReadSound(Path(1, file.name()));
    EXPECT_EQ(speaker.samples.size(), mixed.samples.size());
    const double own = is_low ? 503 : 1103, other = is_low ? 1103 : 503, begin = is_low ? 1 : 2, end = is_low ? 3 : 4;
    EXPECT_LT(Level(speaker, own, 0, begin - 0.02), 1);
    EXPECT_NEAR(Level(speaker, own, begin + 0.2, end - 0.1), 9000, 300);
    EXPECT_LT(Level(speaker, other, begin + 0.2, 3.9), 20);
    // At the same place as in the mix: what the mix has less it is the other's.
    double difference = 0;
    for (size_t s = static_cast<size_t>((begin + 0.3) * 16000); s < static_cast<size_t>((begin + 0.8) * 16000); ++s) {
      difference = std::max(difference, std::abs(double{1} * (mixed.samples[s] - speaker.samples[s])));
    }
    EXPECT_LT(difference, is_low ? 50 : 9500);
  }
}

// The markers of those who come and go, in short: "joined 2000".
std::vector<std::string> Comings(const std::string& markers) {
  std::vector<std::string> all;
  for (const absl::string_view line : absl::StrSplit(markers, '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, '"');
    if (words.size() > 8 && words[5] == "conferencecall_id") {
      all.push_back(absl::StrCat(words[3], " ", std::stoi(words[7].substr(24))));
    }
  }
  return all;
}

TEST_F(RecordingsTest, OneWhoIsMovedIsAnotherInTheOtherRoom) {
  const BridgeSlot rooms[] = {*node_->engine().AddBridge(), *node_->engine().AddBridge()};
  for (int i = 0; i < 2; ++i) {
    auto request = Request(1 + i, 1);
    request.set_per_speaker(true);
    PutOk(request, rooms[i]);
  }
  TestCaller& caller = Call(rooms[0], 503);
  // To another worker and back; then within the room, as when nobody told of the way out.
  const std::pair<BridgeSlot, int> ways[] = {{rooms[1], 11}, {rooms[0], 12}, {rooms[0], 13}};
  for (const auto& [room, participant] : ways) {
    Run(kSecond);
    Enter(caller, room, Id(participant));
  }
  Run(kSecond);
  const std::string first = absl::StrCat(2000 + caller.leg);
  for (int i = 0; i < 2; ++i) PutOk(Request(1 + i, 2, Put::WANTED_STOP), rooms[i]);
  const State ended[] = {Finish(1), Finish(2)};
  EXPECT_EQ(Comings(Markers(1)),
            (std::vector<std::string>{"joined " + first, "left " + first, "joined 12", "left 12", "joined 13"}));
  EXPECT_EQ(Comings(Markers(2)), (std::vector<std::string>{"joined 11", "left 11"}));
  struct Speaker {
    int recording;
    std::string participant_id;
    double begin, end;  // of its speech, seconds
  };
  const Speaker speakers[] = {
      {1, ParticipantId(caller), 0, 1}, {1, Id(12), 2, 3}, {1, Id(13), 3, 4}, {2, Id(11), 1, 2}};
  EXPECT_EQ(ended[0].files_size(), 1 + 3 + 1);
  EXPECT_EQ(ended[1].files_size(), 1 + 1 + 1);
  for (const Speaker& one : speakers) {
    const auto& files = ended[one.recording - 1].files();
    const auto file =
        std::find_if(files.begin(), files.end(), [&](auto& f) { return f.participant_id() == one.participant_id; });
    ASSERT_NE(file, files.end()) << one.participant_id;
    EXPECT_EQ(file->leg_id(), LegId(caller));
    const Sound16 sound = ReadSound(Path(one.recording, file->name()));
    EXPECT_NEAR(Level(sound, 503, one.begin + 0.2, one.end - 0.1), 9000, 300) << one.participant_id;
    if (one.begin > 0) {
      EXPECT_LT(Level(sound, 503, 0, one.begin - 0.1), 5) << one.participant_id;
    }
    if (one.end < 4) {
      EXPECT_LT(Level(sound, 503, one.end + 0.1, 3.9), 5) << one.participant_id;
    }
  }
}

}  // namespace
}  // namespace tutti::mediaplane
