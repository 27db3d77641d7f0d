#include "tools/caller/timeline.h"

#include <algorithm>
#include <array>

#include "gtest/gtest.h"

namespace tutti::tools {
namespace {

using mediaplane::Codec;
using mediaplane::RtpPacket;

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kStart = 5'000 * kMs;

class TimelineTest : public testing::Test {
 protected:
  // A 20 ms packet of L16/8000 whose samples are all `value`.
  void Insert(uint32_t timestamp, int16_t value, int64_t arrival_ms, uint32_t ssrc = 1) {
    std::array<uint8_t, 320> payload;
    for (size_t i = 0; i < 320; i += 2) {
      payload[i] = static_cast<uint8_t>(value >> 8);
      payload[i + 1] = static_cast<uint8_t>(value);
    }
    RtpPacket packet;
    packet.timestamp = timestamp;
    packet.ssrc = ssrc;
    packet.payload = payload;
    timeline_.Insert(packet, kStart + arrival_ms * kMs);
  }

  // The value of each 20 ms from the start on.
  std::vector<int> Values() {
    timeline_.Flush();
    std::vector<int> values;
    for (size_t i = 0; i + 160 <= timeline_.samples().size(); i += 160) {
      EXPECT_TRUE(std::all_of(&timeline_.samples()[i], &timeline_.samples()[i] + 160,
                              [&](int16_t sample) { return sample == timeline_.samples()[i]; }));
      values.push_back(timeline_.samples()[i]);
    }
    return values;
  }

  Timeline timeline_{Codec::kL16At8000, kStart, Timeline::Keep::kAll};
};

TEST_F(TimelineTest, TheFirstPacketStandsWhereItArrivedTheOthersByTimestamp) {
  Insert(1000, 1, 40);
  Insert(1160, 2, 75);
  Insert(1320, 3, 76);
  EXPECT_EQ(Values(), (std::vector<int>{0, 0, 1, 2, 3}));
}

TEST_F(TimelineTest, OrderIsThatOfTimestampsAndHolesAreSilence) {
  Insert(0, 1, 0);
  Insert(480, 4, 20);
  Insert(160, 2, 40);
  Insert(160, 9, 41);
  Insert(800, 6, 60);
  EXPECT_EQ(Values(), (std::vector<int>{1, 2, 0, 4, 0, 6}));
}

TEST_F(TimelineTest, TimestampsWrap) {
  Insert(0xffffff60, 1, 0);
  Insert(0, 2, 20);
  Insert(160, 3, 40);
  EXPECT_EQ(Values(), (std::vector<int>{1, 2, 3}));
}

TEST_F(TimelineTest, APacketThatIsTooLateIsDropped) {
  for (int i = 0; i < 10; ++i) {
    if (i != 1) Insert(160 * i, static_cast<int16_t>(i + 1), 20 * i);
  }
  Insert(160, 2, 200);
  EXPECT_EQ(timeline_.packets_late(), 1u);
  EXPECT_EQ(Values(), (std::vector<int>{1, 0, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST_F(TimelineTest, ANewSourceStandsByItsArrival) {
  Insert(1000, 1, 0);
  Insert(777777, 2, 40, /*ssrc=*/2);
  EXPECT_EQ(Values(), (std::vector<int>{1, 0, 2}));
}

TEST_F(TimelineTest, AJumpOfTheTimestampStandsByItsArrival) {
  Insert(1000, 1, 0);
  Insert(1000 + 8000 * 3600, 2, 40);
  Insert(1160 + 8000 * 3600, 3, 60);
  EXPECT_EQ(Values(), (std::vector<int>{1, 0, 2, 3}));
}

TEST_F(TimelineTest, BetweenTwoTimes) {
  Insert(0, 1, 20);
  Insert(160, 2, 40);
  timeline_.Flush();
  const std::vector<int16_t> part = timeline_.Between(kStart + 30 * kMs, kStart + 80 * kMs);
  ASSERT_EQ(part.size(), 400u);
  EXPECT_EQ(part[0], 1);
  EXPECT_EQ(part[80], 2);
  EXPECT_EQ(part[240], 0);
}

TEST(TimelineTailTest, KeepsTheLastSecondOnly) {
  Timeline timeline(Codec::kPcmu, 0, Timeline::Keep::kTail);
  const std::vector<uint8_t> payload(160, 0x80);  // the highest value
  RtpPacket packet;
  packet.payload = payload;
  for (int64_t i = 0; i < 20'000; ++i) {
    packet.timestamp = static_cast<uint32_t>(160 * i);
    timeline.Insert(packet, 20 * kMs * i);
    ASSERT_LE(timeline.samples().size(), 2 * 8000u + 160u);
  }
  const std::vector<int16_t> last = timeline.Between(399'000 * kMs, 399'500 * kMs);
  EXPECT_EQ(std::count(last.begin(), last.end(), 32124), 4000);
}

}  // namespace
}  // namespace tutti::tools
