#include "common/id/id.h"

#include <set>
#include <string>

#include "common/clock/fake_clock.h"
#include "gtest/gtest.h"

namespace tutti {
namespace {

TEST(IsUuidTest, AcceptsOnlyTheCanonicalLowerCaseForm) {
  EXPECT_TRUE(IsUuid("0190163d-8694-739b-aea5-966c26f8ad91"));
  EXPECT_FALSE(IsUuid(""));
  EXPECT_FALSE(IsUuid("0190163D-8694-739b-aea5-966c26f8ad91"));
  EXPECT_FALSE(IsUuid("0190163d-8694-739b-aea5-966c26f8ad9"));
  EXPECT_FALSE(IsUuid("0190163d-8694-739b-aea5-966c26f8ad911"));
  EXPECT_FALSE(IsUuid("0190163d_8694-739b-aea5-966c26f8ad91"));
  EXPECT_FALSE(IsUuid("{190163d-8694-739b-aea5-966c26f8ad9}"));
}

TEST(IdGeneratorTest, HasTimeVersionAndVariantWhereRfc9562PutsThem) {
  FakeClock clock(absl::FromUnixMillis(0x0190163d8694));
  IdGenerator ids(clock, [] { return 0xffff'ffff'ffff'ffff; });
  EXPECT_EQ(ids.Next(), "0190163d-8694-7000-bfff-ffffffffffff");
  EXPECT_EQ(ids.Next(), "0190163d-8694-7001-bfff-ffffffffffff");
}

TEST(IdGeneratorTest, SortsByCreationEvenWhenTheClockStepsBack) {
  FakeClock clock;
  IdGenerator ids(clock);
  std::string last;
  for (int i = 0; i < 10'000; ++i) {
    if (i == 5'000) clock.Advance(-absl::Hours(1));
    std::string next = ids.Next();
    ASSERT_TRUE(IsUuid(next)) << next;
    ASSERT_LT(last, next);
    last = next;
  }
}

}  // namespace
}  // namespace tutti
