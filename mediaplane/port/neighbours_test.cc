#include "mediaplane/port/neighbours.h"

#include "gtest/gtest.h"
#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr MacAddress kMac = {2, 0, 0, 0, 0, 1};
constexpr MacAddress kOtherMac = {2, 0, 0, 0, 0, 9};

SocketAddress Ip(unsigned n) {
  const uint8_t ip[4] = {198, 18, static_cast<uint8_t>(n >> 8), static_cast<uint8_t>(n)};
  return Ipv4SocketAddress(ip, 0);
}

TEST(NeighboursTest, AsksOnceASecondUntilItKnows) {
  Neighbours neighbours;
  EXPECT_TRUE(neighbours.Find(Ip(1), 0).ask);
  EXPECT_FALSE(neighbours.Find(Ip(1), kSecond - 1).ask);
  EXPECT_TRUE(neighbours.Find(Ip(1), kSecond).ask);
  EXPECT_EQ(neighbours.Find(Ip(1), kSecond).mac, nullptr);
  neighbours.Learn(Ip(1), kMac, /*add=*/false, kSecond + 1);
  const auto answer = neighbours.Find(Ip(1), 3 * kSecond);
  ASSERT_NE(answer.mac, nullptr);
  EXPECT_EQ(*answer.mac, kMac);
  EXPECT_FALSE(answer.ask);
}

TEST(NeighboursTest, RefreshesWhatIsInUseAndForgetsTheSilent) {
  Neighbours neighbours;
  neighbours.Learn(Ip(1), kMac, /*add=*/true, 0);
  EXPECT_FALSE(neighbours.Find(Ip(1), 30 * kSecond - 1).ask);
  auto answer = neighbours.Find(Ip(1), 30 * kSecond);
  EXPECT_TRUE(answer.ask);
  EXPECT_NE(answer.mac, nullptr);
  neighbours.Learn(Ip(1), kOtherMac, /*add=*/false, 31 * kSecond);
  answer = neighbours.Find(Ip(1), 32 * kSecond);
  EXPECT_FALSE(answer.ask);
  EXPECT_EQ(*answer.mac, kOtherMac);
  EXPECT_EQ(neighbours.Find(Ip(1), (31 + 120) * kSecond).mac, nullptr);
}

TEST(NeighboursTest, LearnsOnlyWhatItMay) {
  Neighbours neighbours;
  neighbours.Learn(Ip(1), kMac, /*add=*/false, 0);
  EXPECT_EQ(neighbours.Find(Ip(1), 1).mac, nullptr);
}

TEST(NeighboursTest, AFloodOfStrangersDoesNotTurnOutTheBusy) {
  Neighbours neighbours;
  neighbours.Learn(Ip(1), kMac, /*add=*/true, 0);
  for (unsigned n = 2; n < 60'000; ++n) {
    neighbours.Learn(Ip(n), kOtherMac, /*add=*/true, n);
    ASSERT_NE(neighbours.Find(Ip(1), n).mac, nullptr) << n;
  }
  // Hundreds at once have room.
  for (unsigned n = 0; n < 500; ++n) neighbours.Learn(Ip(n), kMac, true, 100'000 + n);
  unsigned known = 0;
  for (unsigned n = 0; n < 500; ++n) known += neighbours.Find(Ip(n), 200'000).mac != nullptr;
  EXPECT_GT(known, 450u);
}

}  // namespace
}  // namespace tutti::mediaplane
