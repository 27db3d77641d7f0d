#include "mediaplane/port/port_allocator.h"

#include <set>

#include "gtest/gtest.h"

namespace tutti::mediaplane {
namespace {

TEST(PortAllocatorTest, GivesEveryEvenPortOnceFromTheStart) {
  PortAllocator ports(10000, 10009, 3);
  ASSERT_EQ(ports.capacity(), 5u);
  std::vector<uint16_t> taken;
  while (const auto port = ports.Take()) taken.push_back(*port);
  EXPECT_EQ(taken, (std::vector<uint16_t>{10006, 10008, 10000, 10002, 10004}));
}

TEST(PortAllocatorTest, PairsLieInsideTheRange) {
  PortAllocator ports(10001, 10004, 0);
  EXPECT_EQ(ports.capacity(), 1u);
  EXPECT_EQ(ports.Take(), 10002);
  EXPECT_EQ(ports.Take(), std::nullopt);
  EXPECT_EQ(PortAllocator(10000, 10000, 7).Take(), std::nullopt);
  EXPECT_EQ(PortAllocator(65534, 65535, 7).Take(), 65534);
  EXPECT_EQ(PortAllocator(65535, 65535, 7).Take(), std::nullopt);
}

TEST(PortAllocatorTest, AFreedPortRestsAWholeRound) {
  PortAllocator ports(10000, 10007, 0);
  EXPECT_EQ(ports.Take(), 10000);
  ports.Give(10000);
  EXPECT_EQ(ports.Take(), 10002);
  EXPECT_EQ(ports.Take(), 10004);
  EXPECT_EQ(ports.Take(), 10006);
  EXPECT_EQ(ports.Take(), 10000);
}

TEST(PortAllocatorTest, IgnoresWhatWasNotGiven) {
  PortAllocator ports(10000, 10003, 0);
  ports.Give(10002);
  ports.Give(9998);
  ports.Give(10004);
  EXPECT_EQ(ports.Take(), 10000);
  EXPECT_EQ(ports.Take(), 10002);
  EXPECT_EQ(ports.Take(), std::nullopt);
}

}  // namespace
}  // namespace tutti::mediaplane
