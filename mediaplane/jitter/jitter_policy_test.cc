// Each thing that a source may do to its stream: the policy's name, that what was
// audible before is audible again within 200 ms, and that it stays so.

#include <gtest/gtest.h>

#include <string>

#include "mediaplane/jitter/stream_simulator.h"

namespace tutti::mediaplane {
namespace {

using Kind = JitterFrame::Kind;
using Sender = StreamSimulator::Sender;

struct Policy {
  std::string name;
  JitterInsert expected;  // counted at least once after the change
  std::function<void(Sender&)> change;
  uint32_t units = 160;
  uint32_t units_after = 160;
};

std::ostream& operator<<(std::ostream& out, const Policy& policy) { return out << policy.name; }

class JitterPolicyTest : public testing::TestWithParam<Policy> {};

TEST_P(JitterPolicyTest, RecoversWithin200Milliseconds) {
  const Policy& policy = GetParam();
  StreamSimulator simulator;
  const int64_t before_ns = int64_t{policy.units} * kSecond / 8000;
  int64_t at_ns = 15 * kMs;
  for (; at_ns < 2 * kSecond; at_ns += before_ns) simulator.Send(at_ns, policy.units);
  simulator.Run(at_ns - before_ns + kTickNs - 1);
  const int changed = simulator.inserts[policy.expected];
  policy.change(simulator.sender);
  simulator.sender.unit = uint64_t{FormatOf(simulator.sender.codec).units_per_frame} * 200;
  const int64_t change_ns = at_ns;
  const int64_t after_ns = int64_t{policy.units_after} * kSecond / FormatOf(simulator.sender.codec).clock_rate;
  for (; at_ns < 4 * kSecond; at_ns += after_ns) simulator.Send(at_ns, policy.units_after);
  simulator.Run(3'900 * kMs);

  EXPECT_GT(simulator.inserts[policy.expected], changed);
  bool heard = false;
  for (const auto& output : simulator.outputs) {
    if (output.tick_ns < change_ns + 200 * kMs) continue;
    ASSERT_EQ(output.kind, Kind::kAudio) << "at " << output.tick_ns / kMs;
    heard = true;
    ASSERT_TRUE(output.first_byte >= 200 || output.first_byte < 100) << "old audio";
    ASSERT_LE(output.delay_us, 50'000);
  }
  EXPECT_TRUE(heard);
  EXPECT_LE(simulator.buffer.counters().restarts, 1u);
  EXPECT_TRUE(simulator.Balanced());
}

INSTANTIATE_TEST_SUITE_P(
    All, JitterPolicyTest,
    testing::Values(
        Policy{"NewSource", JitterInsert::kRestartSource,
               [](Sender& sender) {
                 sender = {Codec::kPcmu, 0x9999, 7, 123, 0};
               }},
        Policy{"NewSourceSameNumbers", JitterInsert::kRestartSource, [](Sender& sender) { sender.ssrc = 1; }},
        Policy{"TimestampJumpAhead", JitterInsert::kRestartTimestamp,
               [](Sender& sender) { sender.timestamp += 8'000'000; }},
        Policy{"TimestampJumpALittleAhead", JitterInsert::kRestartTimestamp,
               [](Sender& sender) { sender.timestamp += 1'600; }, 160, 160},
        Policy{"TimestampJumpBack", JitterInsert::kRestartTimestamp,
               [](Sender& sender) { sender.timestamp -= 80'000; }},
        Policy{"SequenceJumpAhead", JitterInsert::kRestartSequence, [](Sender& sender) { sender.sequence += 20'000; }},
        Policy{"SequenceStepBack", JitterInsert::kRestartSequence, [](Sender& sender) { sender.sequence -= 1'000; }},
        Policy{"SequenceStepBackALittle", JitterInsert::kRestartSequence,
               [](Sender& sender) { sender.sequence -= 40; }},
        Policy{"SequenceAndTimestampStepBack", JitterInsert::kRestartSequence,
               [](Sender& sender) { sender.sequence -= 60, sender.timestamp -= 9'600; }},
        Policy{"BothAnew", JitterInsert::kRestartSequence,
               [](Sender& sender) { sender.sequence += 30'000, sender.timestamp += 1'000'000'000; }},
        Policy{"SequenceJumpWithinALoss", JitterInsert::kAccepted, [](Sender& sender) { sender.sequence += 500; }},
        Policy{"Ptime20To60", JitterInsert::kAccepted, [](Sender&) {}, 160, 480},
        Policy{"Ptime60To10", JitterInsert::kAccepted, [](Sender&) {}, 480, 80},
        Policy{"Ptime20To30", JitterInsert::kAccepted, [](Sender&) {}, 160, 240},
        Policy{"CodecSameClock", JitterInsert::kRestartCodec, [](Sender& sender) { sender.codec = Codec::kG722; }},
        Policy{"CodecOtherClock", JitterInsert::kRestartCodec,
               [](Sender& sender) { sender.codec = Codec::kL16At16000; }, 160, 320}),
    [](const testing::TestParamInfo<Policy>& info) { return info.param.name; });

TEST(JitterPolicyTest, StragglersOfTheOldSourceDontFlap) {
  StreamSimulator simulator;
  for (int i = 0; i < 10; ++i) simulator.Send((15 + 20 * i) * kMs, 160);
  simulator.Send(225 * kMs, 160);  // overtaken by the new source
  simulator.sender.ssrc = 2;
  for (int i = 0; i < 10; ++i) simulator.Send((216 + 20 * i) * kMs, 160);
  simulator.Run(400 * kMs);
  EXPECT_EQ(simulator.inserts[JitterInsert::kOldSource], 1);
  EXPECT_EQ(simulator.inserts[JitterInsert::kRestartSource], 1);
}

TEST(JitterPolicyTest, OneStrayNumberChangesNothing) {
  StreamSimulator simulator;
  for (int i = 0; i < 50; ++i) {
    simulator.Send((15 + 20 * i) * kMs, 160);
    if (i % 10 == 5) {
      const Sender kept = simulator.sender;
      simulator.sender.sequence += 10'000;
      simulator.sender.timestamp += 99'999;
      simulator.Send((16 + 20 * i) * kMs, 160);
      simulator.sender = kept;
    }
  }
  simulator.Run(990 * kMs);
  EXPECT_EQ(simulator.inserts[JitterInsert::kStray], 5);
  EXPECT_EQ(simulator.buffer.counters().restarts, 0u);
  EXPECT_EQ(simulator.Count(Kind::kLost), 0);
}

TEST(JitterPolicyTest, HoldForAnHourThenResume) {
  StreamSimulator simulator;
  for (int i = 0; i < 10; ++i) simulator.Send((15 + 20 * i) * kMs, 160);
  simulator.Run(3'600 * kSecond);
  simulator.sender.timestamp += 3'600 * 8000;
  for (int i = 0; i < 20; ++i) simulator.Send(3'600 * kSecond + (15 + 20 * i) * kMs, 160);
  simulator.Run(3'600 * kSecond + 400 * kMs);
  EXPECT_EQ(simulator.Count(Kind::kAudio, 3'600 * kSecond), 20);
}

TEST(JitterPolicyTest, AfterSilenceNewNumbersAreTakenAtOnce) {
  for (const int step : {20'000, -1'000}) {
    StreamSimulator simulator;
    for (int i = 0; i < 10; ++i) simulator.Send((15 + 20 * i) * kMs, 160);
    simulator.sender.sequence = static_cast<uint16_t>(simulator.sender.sequence + step);
    for (int i = 0; i < 10; ++i) simulator.Send((1'015 + 20 * i) * kMs, 160);
    simulator.Run(1'200 * kMs);
    EXPECT_EQ(simulator.At(1'020 * kMs).first_byte, 10) << step;
    EXPECT_EQ(simulator.inserts[JitterInsert::kRestartSequence], 1);
  }
}

}  // namespace
}  // namespace tutti::mediaplane
