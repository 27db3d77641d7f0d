// Legs with a line, in the engine: what they say and hear, sample by sample.

#include "mediaplane/stream/stream_port.h"

#include <gtest/gtest.h>

#include <vector>

#include "mediaplane/engine/test_node.h"
#include "mediaplane/port/testing.h"

namespace tutti::mediaplane {
namespace {

constexpr double kBotHz = 811;
constexpr double kCallerHz = 503;

std::vector<int16_t> MakeTone(double hz, int rate_hz, int64_t first, size_t samples) {
  const Voice voice = Tone(hz, 8000, rate_hz);
  std::vector<int16_t> tone;
  for (size_t i = 0; i < samples; ++i) tone.push_back(voice(first + static_cast<int64_t>(i)));
  return tone;
}

// All that waits.
std::vector<int16_t> Hear(AudioLine& line) {
  std::vector<int16_t> heard, frame(line.samples_per_frame());
  while (line.Hear(frame)) heard.insert(heard.end(), frame.begin(), frame.end());
  return heard;
}

std::span<const int16_t> Last(const std::vector<int16_t>& samples, size_t count) {
  return std::span(samples).last(std::min(count, samples.size()));
}

// With phases that a worker is woken for, and polling.
class StreamPortTest : public ::testing::TestWithParam<bool> {
 protected:
  static TestNodeOptions Options() {
    TestNodeOptions options;
    options.workers = 2;
    options.polling = GetParam();
    options.phases = GetParam() ? 20 : 4;
    return options;
  }

  // Says its tone for so long, 20 ms at a time as it is spoken, and hears.
  std::vector<int16_t> Talk(AudioLine& line, int64_t duration_ns) {
    std::vector<int16_t> heard;
    for (int64_t i = 0; i < duration_ns / kTickNs; ++i) {
      line.Say(MakeTone(kBotHz, 16'000, said_, 320));
      said_ += 320;
      node_.Run(kTickNs);
      const auto more = Hear(line);
      heard.insert(heard.end(), more.begin(), more.end());
    }
    return heard;
  }

  TestNode node_{Options()};
  int64_t said_ = 0;
};

TEST_P(StreamPortTest, ABotHearsTheRoomAndNotItselfAndIsHeard) {
  const BridgeSlot bridge = *node_.engine().AddBridge();
  TestCaller& caller = node_.Call(Codec::kL16At16000, bridge);
  caller.voice = Tone(kCallerHz, 8000, 16'000);
  LegSlot leg = kNoLegSlot;
  const auto line = node_.Stream(MixRate::k16000, bridge, leg);
  const auto heard = Talk(*line, 2 * kSecond);
  EXPECT_NEAR(static_cast<double>(heard.size()), 2 * 16'000, 320);
  EXPECT_GT(SignalToNoiseDb(Last(heard, 16'000), kCallerHz, 16'000), 60);
  const auto by_caller = caller.Heard(50);
  EXPECT_GT(SignalToNoiseDb(by_caller, kBotHz, 16'000), 60);
  EXPECT_NEAR(ToneAmplitude(by_caller, kBotHz, 16'000), 8000, 80);
  const LegView view = *node_.engine().GetLeg(leg);
  EXPECT_EQ(view.figures.frames_concealed, 0u);
  EXPECT_EQ(view.figures.packets_dropped, 0u);
}

TEST_P(StreamPortTest, ARoomOfTheOtherRateIsHeardToo) {
  const BridgeSlot bridge = *node_.engine().AddBridge();
  TestCaller& caller = node_.Call(Codec::kPcmu, bridge);
  caller.voice = Tone(kCallerHz, 8000, 8000);
  LegSlot leg = kNoLegSlot;
  const auto narrow = node_.Stream(MixRate::k8000, bridge, leg);
  const auto wide = node_.Stream(MixRate::k16000, bridge, leg);
  node_.Run(kSecond);
  EXPECT_NEAR(ToneAmplitude(Last(Hear(*narrow), 4000), kCallerHz, 8000), 8000, 200);
  EXPECT_NEAR(ToneAmplitude(Last(Hear(*wide), 8000), kCallerHz, 16'000), 8000, 200);
}

TEST_P(StreamPortTest, ABurstIsPacedAndBehindItIsSilence) {
  const BridgeSlot bridge = *node_.engine().AddBridge();
  TestCaller& caller = node_.Call(Codec::kL16At16000, bridge);
  LegSlot leg = kNoLegSlot;
  const auto line = node_.Stream(MixRate::k16000, bridge, leg);
  node_.Run(kSecond);
  line->Say(MakeTone(kBotHz, 16'000, 0, 24'000));
  const size_t before = caller.received.size();
  node_.Run(3 * kSecond);
  const auto heard = caller.Heard(caller.received.size() - before);
  const auto loud = [](int16_t sample) { return sample != 0; };
  const auto first = std::find_if(heard.begin(), heard.end(), loud);
  const auto last = std::find_if(heard.rbegin(), heard.rend(), loud).base();
  EXPECT_NEAR(static_cast<double>(last - first), 24'000, 320);
  // At once: a tick and its way.
  EXPECT_LT(first - heard.begin(), 3 * 320);
  const std::vector<int16_t> tone(first + 320, last - 320);
  EXPECT_GT(SignalToNoiseDb(tone, kBotHz, 16'000), 60);
  EXPECT_EQ(node_.engine().GetLeg(leg)->figures.frames_concealed, 0u);
}

TEST_P(StreamPortTest, ALegMayMoveBetweenWorkers) {
  // The least loaded worker has the next bridge.
  const BridgeSlot bridges[] = {*node_.engine().AddBridge(), *node_.engine().AddBridge()};
  TestCaller* callers[] = {&node_.Call(Codec::kL16At16000, bridges[0]), &node_.Call(Codec::kL16At16000, bridges[1])};
  for (TestCaller* caller : callers) caller->voice = Tone(kCallerHz, 8000, 16'000);
  LegSlot leg = kNoLegSlot;
  const auto line = node_.Stream(MixRate::k16000, bridges[0], leg);
  Talk(*line, kSecond);
  for (uint64_t i = 1; i <= 6; ++i) {
    ASSERT_TRUE(node_.engine().SetLegBridge(leg, bridges[i % 2], i).ok());
    const auto heard = Talk(*line, kSecond);
    EXPECT_NEAR(static_cast<double>(heard.size()), 16'000, 640) << i;
    EXPECT_GT(SignalToNoiseDb(Last(heard, 8000), kCallerHz, 16'000), 50) << i;
    EXPECT_GT(SignalToNoiseDb(callers[i % 2]->Heard(25), kBotHz, 16'000), 50) << i;
  }
  EXPECT_GE(node_.Total(&WorkerCounters::handovers), 6u);
  // Nothing that was said is lost on the way.
  EXPECT_EQ(node_.engine().GetLeg(leg)->figures.frames_concealed, 0u);
}

TEST_P(StreamPortTest, AWorkerThatWasLateGoesOn) {
  const BridgeSlot bridge = *node_.engine().AddBridge();
  TestCaller& caller = node_.Call(Codec::kL16At16000, bridge);
  LegSlot leg = kNoLegSlot;
  const auto line = node_.Stream(MixRate::k16000, bridge, leg);
  Talk(*line, kSecond);
  for (unsigned worker = 0; worker < 2; ++worker) node_.Stall(worker, true);
  node_.Run(300 * kMs);
  for (unsigned worker = 0; worker < 2; ++worker) node_.Stall(worker, false);
  Talk(*line, 2 * kSecond);
  EXPECT_GT(SignalToNoiseDb(caller.Heard(50), kBotHz, 16'000), 50);
}

TEST_P(StreamPortTest, NothingIsLeftBehind) {
  const BridgeSlot bridge = *node_.engine().AddBridge();
  for (int i = 0; i < 3; ++i) {
    LegSlot leg = kNoLegSlot;
    const auto line = node_.Stream(MixRate::k16000, bridge, leg);
    Talk(*line, 200 * kMs);
    ASSERT_TRUE(node_.engine().RemoveLeg(leg, 1).ok());
    while (node_.engine().pending()) node_.Run(kMs);
    EXPECT_EQ(line.use_count(), 1);
  }
  EXPECT_EQ(node_.engine().leg_count(), 0u);
  EXPECT_EQ(node_.network().open(), 0u);
  EXPECT_LE(node_.PacketsInUse(), 2 * 64u);
}

INSTANTIATE_TEST_SUITE_P(Workers, StreamPortTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Polling" : "Woken"; });

TEST(StreamAddress, NoOfferCanNameIt) {
  for (const MixRate rate : {MixRate::k8000, MixRate::k16000}) {
    EXPECT_TRUE(IsStreamAddress(StreamAddress(rate)));
    SocketAddress with_port = StreamAddress(rate);
    with_port.port = 1;
    EXPECT_FALSE(IsStreamAddress(with_port));
  }
  EXPECT_FALSE(IsStreamAddress(SocketAddress()));
  EXPECT_FALSE(IsStreamAddress(Address("100::2", 0)));
  EXPECT_FALSE(IsStreamAddress(Address("127.0.0.1", 0)));
}

}  // namespace
}  // namespace tutti::mediaplane
