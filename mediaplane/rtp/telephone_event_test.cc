#include "mediaplane/rtp/telephone_event.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace tutti::mediaplane {
namespace {

constexpr int64_t kMs = 1'000'000;

struct Report {
  uint8_t event;
  uint16_t duration;
  bool end;
};

class DtmfReceiverTest : public testing::Test {
 protected:
  // A packet at timestamp `timestamp`; what ended by it is added to told_.
  DtmfReceiver::News Packet(uint32_t timestamp, const std::vector<Report>& reports, bool marker = false) {
    std::vector<uint8_t> payload;
    for (const Report& report : reports) {
      payload.insert(payload.end(),
                     {report.event, static_cast<uint8_t>((report.end ? 0x80 : 0) | 10),
                      static_cast<uint8_t>(report.duration >> 8), static_cast<uint8_t>(report.duration)});
    }
    RtpPacket packet;
    packet.timestamp = timestamp;
    packet.ssrc = ssrc_;
    packet.marker = marker;
    packet.payload = payload;
    DtmfReceiver::News news;
    receiver_.OnPacket(packet, now_ns_, news);
    for (size_t i = 0; i < news.ended; ++i) Tell(news.digits[i]);
    began_ += news.began;
    return news;
  }

  // Every 20 ms, as a phone sends; three ends.
  void Press(uint8_t event, uint32_t timestamp, int updates) {
    for (int i = 1; i <= updates; ++i) {
      Packet(timestamp, {{event, static_cast<uint16_t>(160 * i), false}}, i == 1);
      Wait(20 * kMs);
    }
    for (int i = 0; i < 3; ++i) Packet(timestamp, {{event, static_cast<uint16_t>(160 * (updates + 1)), true}});
  }

  void Wait(int64_t ns) {
    for (const int64_t end_ns = now_ns_ + ns; now_ns_ < end_ns;) {
      now_ns_ += 20 * kMs;
      if (const auto digit = receiver_.Expire(now_ns_)) Tell(*digit);
    }
  }

  void Tell(const DtmfReceiver::Digit& digit) {
    told_ += std::string(1, digit.digit) + ":" + std::to_string(digit.duration) + " ";
  }

  DtmfReceiver receiver_;
  uint32_t ssrc_ = 7;
  int64_t now_ns_ = 1'000'000 * kMs;
  std::string told_;
  int began_ = 0;
};

TEST_F(DtmfReceiverTest, OneDigitForManyPackets) {
  Press(5, 1000, 4);
  EXPECT_EQ(told_, "5:800 ");
  Wait(1000 * kMs);
  EXPECT_EQ(told_, "5:800 ");
  EXPECT_EQ(began_, 1);
  EXPECT_FALSE(receiver_.active());
}

TEST_F(DtmfReceiverTest, AllDigitsAndNothingElse) {
  for (int event = 0; event < 256; ++event)
    Press(static_cast<uint8_t>(event), 1000 + 2000 * static_cast<uint32_t>(event), 1);
  EXPECT_EQ(told_, "0:320 1:320 2:320 3:320 4:320 5:320 6:320 7:320 8:320 9:320 *:320 #:320 A:320 B:320 C:320 D:320 ");
}

TEST_F(DtmfReceiverTest, TheSameDigitTwiceIsTwo) {
  Press(1, 1000, 2);
  Press(1, 2000, 2);
  EXPECT_EQ(told_, "1:480 1:480 ");
}

TEST_F(DtmfReceiverTest, OnlyTheEndCame) {
  Packet(1000, {{9, 800, true}});
  Packet(1000, {{9, 800, true}});
  EXPECT_EQ(told_, "9:800 ");
  EXPECT_EQ(began_, 1);
}

TEST_F(DtmfReceiverTest, TheEndWasLost) {
  Packet(1000, {{9, 160, false}}, true);
  Packet(1000, {{9, 320, false}});
  Wait(180 * kMs);
  EXPECT_EQ(told_, "");
  Wait(20 * kMs);
  EXPECT_EQ(told_, "9:320 ");
  // It comes after all.
  Packet(1000, {{9, 400, true}});
  Wait(400 * kMs);
  EXPECT_EQ(told_, "9:320 ");
}

TEST_F(DtmfReceiverTest, TheNextDigitEndsTheOneWhoseEndWasLost) {
  Packet(1000, {{1, 160, false}}, true);
  Packet(2000, {{2, 160, false}}, true);
  EXPECT_EQ(told_, "1:160 ");
  Packet(2000, {{2, 320, true}});
  EXPECT_EQ(told_, "1:160 2:320 ");
}

TEST_F(DtmfReceiverTest, LatePacketsOfADigitThatHasEndedChangeNothing) {
  Press(1, 1000, 2);
  Packet(2000, {{2, 160, false}}, true);
  Packet(1000, {{1, 320, false}});
  Packet(1000, {{1, 480, true}});
  Packet(2000, {{2, 320, true}});
  Packet(2000, {{2, 160, false}});
  Wait(1000 * kMs);
  EXPECT_EQ(told_, "1:480 2:320 ");
  EXPECT_EQ(began_, 2);
}

TEST_F(DtmfReceiverTest, DurationsThatComeOutOfOrder) {
  Packet(1000, {{3, 480, false}}, true);
  Packet(1000, {{3, 160, false}});
  Packet(1000, {{3, 320, true}});
  EXPECT_EQ(told_, "3:480 ");
}

// RFC 4733 section 2.5.1.3: 20 s of a digit.
TEST_F(DtmfReceiverTest, ALongDigitComesInSegments) {
  uint32_t timestamp = 0xffff'0000;
  bool first = true;
  for (int segment = 0; segment < 2; ++segment) {
    for (int duration = 160; duration < 65'535; duration += 160) {
      Packet(timestamp, {{11, static_cast<uint16_t>(duration), false}}, first);
      first = false;
      Wait(20 * kMs);
    }
    Packet(timestamp, {{11, 65'535, false}});
    timestamp += 65'535;
  }
  Packet(timestamp, {{11, 160, false}});
  Wait(20 * kMs);
  Packet(timestamp, {{11, 320, true}});
  EXPECT_EQ(told_, "#:131390 ");
  EXPECT_EQ(began_, 1);
}

TEST_F(DtmfReceiverTest, ASegmentWhoseLastPacketWasLost) {
  Packet(0, {{11, 65'440, false}}, true);
  Packet(65'535, {{11, 160, false}});
  Packet(65'535, {{11, 320, true}});
  EXPECT_EQ(told_, "#:65855 ");
}

TEST_F(DtmfReceiverTest, SeveralReportsInOnePacket) {
  Packet(1000, {{1, 400, true}, {2, 500, true}, {3, 160, false}}, true);
  EXPECT_EQ(told_, "1:400 2:500 ");
  Packet(1900, {{3, 320, true}});
  EXPECT_EQ(told_, "1:400 2:500 3:320 ");
}

TEST_F(DtmfReceiverTest, ASenderThatCountsAnew) {
  Press(1, 1'000'000, 2);
  Wait(3000 * kMs);
  Press(2, 5000, 2);
  EXPECT_EQ(told_, "1:480 2:480 ");
  ssrc_ = 8;
  Press(3, 100, 2);
  EXPECT_EQ(told_, "1:480 2:480 3:480 ");
}

TEST_F(DtmfReceiverTest, AnotherSourceEndsTheDigitUnderWay) {
  Packet(1000, {{1, 160, false}}, true);
  ssrc_ = 8;
  Packet(1000, {{1, 160, false}}, true);
  EXPECT_EQ(told_, "1:160 ");
  Wait(300 * kMs);
  EXPECT_EQ(told_, "1:160 1:160 ");
}

TEST_F(DtmfReceiverTest, WhatIsNoReportIsNothing) {
  RtpPacket packet;
  const std::vector<uint8_t> payload = {1, 0x80, 1};
  packet.payload = payload;
  DtmfReceiver::News news;
  receiver_.OnPacket(packet, now_ns_, news);
  EXPECT_EQ(news.ended, 0u);
  EXPECT_FALSE(news.began);
}

}  // namespace
}  // namespace tutti::mediaplane
