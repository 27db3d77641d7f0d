#include "mediaplane/engine/source_rule.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace tutti::mediaplane {
namespace {

SocketAddress At(uint8_t host, uint16_t port) {
  SocketAddress address;
  address.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, host};
  address.port = port;
  return address;
}

using Verdict = SourceRule::Verdict;

struct Step {
  int64_t at_ms;
  SocketAddress from;
  Verdict want;
};

struct Case {
  std::string name;
  bool symmetric;
  std::vector<Step> steps;
};

// A leg whose offer names 10.0.0.1:4000; each acceptable packet is valid RTP.
TEST(SourceRuleTest, Table) {
  const std::vector<Case> cases = {
      {"the negotiated address", false, {{0, At(1, 4000), Verdict::kLatch}, {20, At(1, 4000), Verdict::kAccept}}},
      {"any port of it", false, {{0, At(1, 5555), Verdict::kLatch}, {20, At(1, 5555), Verdict::kAccept}}},
      {"but one", false, {{0, At(1, 5555), Verdict::kLatch}, {20, At(1, 4000), Verdict::kRefuse}}},
      {"no other address", false, {{0, At(2, 4000), Verdict::kRefuse}, {20, At(1, 4000), Verdict::kLatch}}},
      {"another port after 2 s of silence",
       false,
       {{0, At(1, 4000), Verdict::kLatch},
        {1999, At(1, 4002), Verdict::kRefuse},
        {2000, At(1, 4002), Verdict::kLatch},
        {2020, At(1, 4000), Verdict::kRefuse}}},
      {"not another address after silence",
       false,
       {{0, At(1, 4000), Verdict::kLatch}, {60'000, At(2, 4000), Verdict::kRefuse}}},
      {"symmetric: any address at first",
       true,
       {{9'999, At(7, 999), Verdict::kLatch},
        {10'019, At(7, 999), Verdict::kAccept},
        {10'039, At(1, 4000), Verdict::kRefuse}}},
      {"symmetric: not after 10 s",
       true,
       {{10'001, At(7, 999), Verdict::kRefuse}, {10'002, At(1, 4000), Verdict::kLatch}}},
      {"symmetric: one source only", true, {{0, At(7, 999), Verdict::kLatch}, {20, At(8, 999), Verdict::kRefuse}}},
      {"symmetric: a rebound NAT",
       true,
       {{0, At(7, 999), Verdict::kLatch},
        {2'000, At(7, 1001), Verdict::kLatch},
        {2'020, At(7, 1001), Verdict::kAccept}}},
  };
  for (const Case& c : cases) {
    SourceRule rule;
    rule.Open(At(1, 4000), At(1, 4001), c.symmetric, 0);
    for (const Step& step : c.steps) {
      const int64_t now_ns = step.at_ms * 1'000'000;
      const Verdict verdict = rule.Judge(step.from, now_ns);
      EXPECT_EQ(verdict, step.want) << c.name << " at " << step.at_ms;
      if (verdict == Verdict::kLatch) rule.Latch(step.from);
      if (verdict != Verdict::kRefuse) rule.Heard(now_ns);
    }
  }
}

TEST(SourceRuleTest, AReOfferOpensItAgain) {
  SourceRule rule;
  rule.Open(At(1, 4000), At(1, 4001), false, 0);
  rule.Latch(At(1, 4000));
  rule.Heard(0);
  rule.Open(At(2, 4000), At(2, 4001), false, 20);
  EXPECT_EQ(rule.Judge(At(1, 4000), 40), Verdict::kRefuse);
  EXPECT_EQ(rule.Judge(At(2, 6000), 40), Verdict::kLatch);
}

TEST(SourceRuleTest, PacketsOnTheirWayFromBeforeAReOfferAreNotItsSource) {
  constexpr int64_t kOpened = 1'000'000'000;
  SourceRule rule;
  rule.Open(At(1, 4000), At(1, 4001), false, 0);
  rule.Latch(At(1, 4000));
  rule.Open(At(1, 6000), At(1, 6001), false, kOpened);
  EXPECT_EQ(rule.Judge(At(1, 4000), kOpened + 1), Verdict::kRefuse);
  EXPECT_EQ(rule.Judge(At(1, 6000), kOpened + 1), Verdict::kLatch);
  EXPECT_EQ(rule.Judge(At(1, 4000), kOpened + kSourceSilenceNs), Verdict::kLatch) << "it still sends from there";
  // Hold and resume: the same address goes on at once.
  rule.Latch(At(1, 6000));
  rule.Open(At(1, 6000), At(1, 6001), false, 2 * kOpened);
  EXPECT_EQ(rule.Judge(At(1, 6000), 2 * kOpened + 1), Verdict::kLatch);
}

TEST(SourceRuleTest, OnlyASymmetricLegSendsToItsSource) {
  SourceRule rule;
  rule.Open(At(1, 4000), At(1, 4001), false, 0);
  rule.Latch(At(1, 5555));
  EXPECT_EQ(rule.rtp_destination(), At(1, 4000));
  EXPECT_EQ(rule.rtcp_destination(), At(1, 4001));
  rule.Open(At(1, 4000), At(1, 4001), true, 0);
  EXPECT_EQ(rule.rtp_destination(), At(1, 4000));
  rule.Latch(At(7, 5554));
  EXPECT_EQ(rule.rtp_destination(), At(7, 5554));
  EXPECT_EQ(rule.rtcp_destination(), At(7, 5555));
  rule.Open(At(1, 4000), At(1, 4000), true, 0);
  rule.Latch(At(7, 5554));
  EXPECT_EQ(rule.rtcp_destination(), At(7, 5554)) << "rtcp-mux";
}

TEST(SourceRuleTest, RtcpComesFromTheSameAddressOnAnyPort) {
  SourceRule rule;
  rule.Open(At(1, 4000), At(1, 4001), false, 0);
  EXPECT_TRUE(rule.AcceptsRtcp(At(1, 4001)));
  EXPECT_TRUE(rule.AcceptsRtcp(At(1, 9)));
  EXPECT_FALSE(rule.AcceptsRtcp(At(2, 4001)));
}

}  // namespace
}  // namespace tutti::mediaplane
