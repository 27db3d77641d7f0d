// What callers hear: the whole engine in emulated time.

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "mediaplane/audio/mix.h"
#include "mediaplane/engine/test_node.h"

namespace tutti::mediaplane {
namespace {

std::span<const int16_t> Last(const std::vector<int16_t>& samples, size_t count) {
  return std::span(samples).last(std::min(count, samples.size()));
}

// A voice that fills the spectrum and the scale, the same for the same seed.
Voice Noise(uint32_t seed, int amplitude) {
  return [seed, amplitude](int64_t sample) {
    std::minstd_rand random(seed * 7919u + static_cast<uint32_t>(sample) + 1);
    random.discard(2);
    return static_cast<int16_t>(static_cast<int>(random() % static_cast<uint32_t>(2 * amplitude + 1)) - amplitude);
  };
}

TEST(EngineMixTest, EachHearsTheOthersAndNeverItself) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  const double hz[3] = {503, 811, 1103};
  TestCaller* callers[3];
  const Codec codecs[3] = {Codec::kPcmu, Codec::kPcma, Codec::kG722};
  for (int i = 0; i < 3; ++i) {
    callers[i] = &node.Call(codecs[i], bridge);
    callers[i]->voice = Tone(hz[i], 4000, FormatOf(codecs[i]).sample_rate);
  }
  node.Run(5 * kSecond);
  for (int i = 0; i < 3; ++i) {
    const int rate = FormatOf(codecs[i]).sample_rate;
    const std::vector<int16_t> heard = callers[i]->Heard();
    const auto end = Last(heard, static_cast<size_t>(rate));
    for (int j = 0; j < 3; ++j) {
      const double level_db = 20 * std::log10(ToneAmplitude(end, hz[j], rate) / 4000);
      if (i == j) {
        EXPECT_LT(level_db, -50) << i << " hears itself";
      } else {
        EXPECT_NEAR(level_db, 0, 0.5) << i << " hears " << j;
      }
    }
  }
}

TEST(EngineMixTest, TheMixIsExactlyTheLimitedSumOfTheOthers) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  constexpr int kCallers = 4;
  std::vector<TestCaller*> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.push_back(&node.Call(Codec::kL16At8000, bridge));
    callers.back()->voice = Noise(static_cast<uint32_t>(i), 20'000);
  }
  node.Run(3 * kSecond);
  for (int i = 0; i < kCallers; ++i) {
    const std::vector<int16_t> heard = callers[i]->Heard();
    const auto end = Last(heard, 8000);
    // Where in the others' streams it comes from: all have the same delay.
    bool found = false;
    for (int64_t first = 3 * 8000 - 8000 - 1600; first < 3 * 8000 - 8000 && !found; ++first) {
      found = true;
      for (size_t s = 0; s < end.size() && found; ++s) {
        int32_t sum = 0;
        for (int j = 0; j < kCallers; ++j) {
          if (j != i) sum += callers[j]->voice(first + static_cast<int64_t>(s));
        }
        found = end[s] == scalar::Limit(sum);
      }
    }
    EXPECT_TRUE(found) << "caller " << i;
  }
}

// Runs a room and returns what each caller received.
struct RoomOptions {
  std::vector<Codec> codecs;
  std::vector<Voice> voices;
  std::vector<size_t> order;  // in which they join
  unsigned workers = 1;
  int64_t duration_ns = 3 * kSecond;
};

std::vector<std::vector<std::vector<uint8_t>>> RunRoom(const RoomOptions& options) {
  TestNode node({.workers = options.workers});
  const BridgeSlot bridge = *node.engine().AddBridge();
  std::vector<TestCaller*> callers(options.codecs.size());
  for (size_t i : options.order) {
    // Half of them begin outside, on whatever worker.
    const bool direct = i % 2 == 0 || options.workers == 1;
    callers[i] = &node.Call(options.codecs[i], direct ? bridge : kNoBridgeSlot);
    callers[i]->voice = options.voices[i];
    if (direct) continue;
    EXPECT_TRUE(node.engine().SetLegBridge(callers[i]->leg, bridge, 1).ok());
  }
  node.Run(options.duration_ns);
  std::vector<std::vector<std::vector<uint8_t>>> received(callers.size());
  for (size_t i = 0; i < callers.size(); ++i) {
    for (const auto& packet : callers[i]->received) received[i].push_back(packet.payload);
  }
  EXPECT_EQ(node.Total(&WorkerCounters::ticks_skipped), 0u);
  return received;
}

// Speaks, pauses longer than the gate holds, speaks again.
Voice Phrases(Voice voice, int sample_rate) {
  return [voice, sample_rate](int64_t sample) {
    const int64_t ms = sample * 1000 / sample_rate;
    return ms % 1700 < 700 ? voice(sample) : int16_t{0};
  };
}

class BitExactTest : public testing::TestWithParam<unsigned> {};

TEST_P(BitExactTest, WhatAParticipantReceivesDoesNotDependOnWhetherItSpeaks) {
  RoomOptions room;
  room.workers = GetParam();
  room.duration_ns = 4 * kSecond;
  const std::vector<Codec> mixed = {Codec::kPcmu, Codec::kPcma,       Codec::kG722, Codec::kL16At8000,
                                    Codec::kG722, Codec::kL16At16000, Codec::kPcmu, Codec::kG722,
                                    Codec::kPcma, Codec::kL16At16000};
  room.codecs = mixed;
  for (size_t i = 0; i < mixed.size(); ++i) {
    // Eight shout at full scale, in phrases that begin and end at different times; two only listen.
    const int rate = FormatOf(mixed[i]).sample_rate;
    Voice shout =
        i % 2 == 0 ? Noise(static_cast<uint32_t>(i), 32'767) : Tone(503 + 101.0 * static_cast<double>(i), 32'767, rate);
    room.voices.push_back(i < 8 ? Phrases(shout, rate + 40 * static_cast<int>(i)) : Silence());
    room.order.push_back(i);
  }
  const auto all_speak = RunRoom(room);
  for (size_t i = 0; i < mixed.size(); ++i) {
    RoomOptions quiet = room;
    quiet.voices[i] = i < 8 ? Silence() : Phrases(Noise(99, 32'767), 8000);
    const auto one_silent = RunRoom(quiet);
    ASSERT_EQ(all_speak[i].size(), one_silent[i].size()) << i;
    ASSERT_GT(all_speak[i].size(), 150u);
    EXPECT_TRUE(all_speak[i] == one_silent[i]) << "caller " << i;
    // The others do hear the difference.
    EXPECT_FALSE(all_speak[(i + 1) % 8] == one_silent[(i + 1) % 8]) << "caller " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Workers, BitExactTest, testing::Values(1u, 2u));

TEST(EngineMixTest, TheOrderOfParticipantsChangesNoBit) {
  RoomOptions room;
  room.codecs = {Codec::kPcmu, Codec::kG722, Codec::kL16At16000, Codec::kPcma, Codec::kG722, Codec::kL16At8000};
  for (size_t i = 0; i < room.codecs.size(); ++i) room.voices.push_back(Noise(static_cast<uint32_t>(i), 25'000));
  room.order = {0, 1, 2, 3, 4, 5};
  const auto first = RunRoom(room);
  room.order = {5, 2, 4, 0, 3, 1};
  EXPECT_TRUE(RunRoom(room) == first);
  room.order = {3, 4, 5, 1, 0, 2};
  EXPECT_TRUE(RunRoom(room) == first);
}

TEST(EngineMixTest, ListenersOfOneFormatCostOneEncode) {
  constexpr int kListeners = 1000;
  for (const Codec codec : {Codec::kPcmu, Codec::kG722}) {
    TestNode node({.legs_max = kListeners + 3});
    const BridgeSlot bridge = *node.engine().AddBridge();
    for (int i = 0; i < 3; ++i) {
      node.Call(codec, bridge).voice = Tone(503 + 300 * i, 4000, FormatOf(codec).sample_rate);
    }
    for (int i = 0; i < kListeners; ++i) {
      TestCaller& listener = node.Call(codec, bridge);
      if (i % 3 == 0) listener.sending = false;
      if (i % 3 == 1) listener.voice = Tone(300, 20, FormatOf(codec).sample_rate);  // below the gate
    }
    node.Run(1 * kSecond);
    const uint64_t encodes = node.Total(&WorkerCounters::frames_encoded);
    const uint64_t sent = node.Total(&WorkerCounters::rtp_sent);
    node.Run(1 * kSecond);
    EXPECT_EQ(node.Total(&WorkerCounters::frames_encoded) - encodes, 4u * 50) << FormatOf(codec).name;
    EXPECT_EQ(node.Total(&WorkerCounters::rtp_sent) - sent, (kListeners + 3) * 50u);
  }
}

TEST(EngineMixTest, AG722TalkerComesBackToTheSharedStreamInAPause) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  TestCaller& talker = node.Call(Codec::kG722, bridge);
  TestCaller& other = node.Call(Codec::kPcmu, bridge);
  node.Call(Codec::kG722, bridge);
  talker.voice = [](int64_t sample) { return sample < 3 * 16'000 ? Tone(700, 9000, 16'000)(sample) : int16_t{0}; };
  other.voice = [](int64_t sample) {
    const bool pauses = sample > 10 * 8000 && sample < 30 * 8000;
    return pauses ? int16_t{0} : Tone(440, 6000, 8000)(sample);
  };
  const auto encodes_a_tick = [&node] {
    const uint64_t before = node.Total(&WorkerCounters::frames_encoded);
    node.Run(kSecond);
    return static_cast<double>(node.Total(&WorkerCounters::frames_encoded) - before) / 50;
  };
  node.Run(200 * kMs);
  // For the G.722 talker, for the G.722 listener, for the PCMU talker.
  EXPECT_EQ(encodes_a_tick(), 3);
  node.Run(4 * kSecond);
  EXPECT_EQ(encodes_a_tick(), 3) << "while the other goes on, what each was sent before still counts";
  node.Run(10 * kSecond);
  EXPECT_EQ(encodes_a_tick(), 1) << "in the pause: PCMU, for silence of G.722 costs nothing";
  node.Run(20 * kSecond);
  EXPECT_EQ(encodes_a_tick(), 2);
}

TEST(EngineMixTest, AToneKeepsItsQualityForAMinuteWithoutAHole) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  node.Call(Codec::kPcmu, bridge).voice = Tone(1000, 10'000, 8000);
  TestCaller& listener = node.Call(Codec::kPcmu, bridge);
  node.Run(61 * kSecond);
  const std::vector<int16_t> heard = listener.Heard();
  EXPECT_GE(SignalToNoiseDb(Last(heard, 60 * 8000), 1000, 8000), 35);
  for (size_t at = heard.size() - 60 * 8000; at + 160 <= heard.size(); at += 160) {
    ASSERT_NEAR(ToneAmplitude(std::span(heard).subspan(at, 160), 1000, 8000), 10'000, 300) << "at " << at;
  }
}

TEST(EngineMixTest, OneRoomNeverHearsAnother) {
  TestNode node({.workers = 2});
  std::vector<TestCaller*> callers;
  for (int room = 0; room < 4; ++room) {
    const BridgeSlot bridge = *node.engine().AddBridge();
    for (int i = 0; i < 2; ++i) {
      callers.push_back(&node.Call(i == 0 ? Codec::kPcmu : Codec::kG722, bridge));
      callers.back()->voice = Tone(400 + 170 * room, 8000, FormatOf(callers.back()->media.codec).sample_rate);
    }
  }
  // One outside of any room.
  callers.push_back(&node.Call(Codec::kPcmu));
  callers.back()->voice = Tone(1900, 8000, 8000);
  node.Run(3 * kSecond);
  for (size_t c = 0; c < 8; ++c) {
    const int rate = FormatOf(callers[c]->media.codec).sample_rate;
    const std::vector<int16_t> heard = callers[c]->Heard();
    const auto end = Last(heard, static_cast<size_t>(rate));
    for (size_t room = 0; room < 4; ++room) {
      const double amplitude = ToneAmplitude(end, 400 + 170 * static_cast<double>(room), rate);
      if (room == c / 2) {
        EXPECT_NEAR(amplitude, 8000, 500);
      } else {
        EXPECT_LT(amplitude, 40) << c << " hears room " << room;
      }
    }
    EXPECT_LT(ToneAmplitude(end, 1900, rate), 40);
  }
  const std::vector<int16_t> outside = callers[8]->Heard();
  EXPECT_TRUE(std::all_of(outside.begin(), outside.end(), [](int16_t s) { return std::abs(s) <= 8; }));
}

}  // namespace
}  // namespace tutti::mediaplane
