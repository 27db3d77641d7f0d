#include "tools/load_generator/stream_check.h"

#include <initializer_list>

#include "gtest/gtest.h"

namespace tutti::tools {
namespace {

constexpr int64_t kMs = 1'000'000;

StreamCounts CountsOf(std::initializer_list<uint16_t> sequences) {
  StreamCheck check;
  check.Start(0);
  int64_t now = 0;
  for (const uint16_t sequence : sequences) check.OnPacket(sequence, 7, now += 20 * kMs);
  return check.Finish(now);
}

TEST(StreamCheckTest, SequenceTable) {
  EXPECT_EQ(CountsOf({65534, 65535, 0, 1}).gaps(), 0u);
  EXPECT_EQ(CountsOf({65534, 65535, 0, 1}).received, 4u);
  EXPECT_EQ(CountsOf({1, 2, 5}).gaps(), 2u);
  EXPECT_EQ(CountsOf({1, 2, 5, 3}).gaps(), 1u);
  EXPECT_EQ(CountsOf({1, 2, 5, 3}).reordered, 1u);
  EXPECT_EQ(CountsOf({1, 2, 2, 1}).duplicates, 2u);
  EXPECT_EQ(CountsOf({1, 2, 2, 1}).received, 2u);
  EXPECT_EQ(CountsOf({1, 100}).gaps(), 98u);
  EXPECT_EQ(CountsOf({1, 100, 3}).duplicates, 1u);
  EXPECT_EQ(CountsOf({1, 30000}).restarts, 1u);
  EXPECT_EQ(CountsOf({1, 30000}).gaps(), 0u);
}

TEST(StreamCheckTest, LateIsMoreThanTwoPacketsAfterTheOneBefore) {
  StreamCheck check;
  check.Start(0);
  check.OnPacket(1, 7, 0);
  check.OnPacket(2, 7, 40 * kMs);
  EXPECT_EQ(check.Finish(40 * kMs).late, 0u);
  check.OnPacket(3, 7, 81 * kMs);
  EXPECT_EQ(check.Finish(81 * kMs).late, 1u);
}

TEST(StreamCheckTest, WhoHearsNothingIsOwedIt) {
  StreamCheck check;
  check.Start(0);
  EXPECT_EQ(check.Finish(1000 * kMs).gaps(), 50u);
  check.OnPacket(1, 7, 1000 * kMs);
  EXPECT_EQ(check.Finish(1100 * kMs).gaps(), 0u);
  EXPECT_EQ(check.Finish(2000 * kMs).gaps(), 50u);
}

TEST(StreamCheckTest, ANewSourceIsARestart) {
  StreamCheck check;
  check.Start(0);
  check.OnPacket(1, 7, 0);
  check.OnPacket(2, 8, 20 * kMs);
  EXPECT_EQ(check.Finish(20 * kMs).restarts, 1u);
  EXPECT_EQ(check.Finish(20 * kMs).gaps(), 0u);
}

}  // namespace
}  // namespace tutti::tools
