#include "mediaplane/tap/leg_names.h"

#include "gtest/gtest.h"

namespace tutti::mediaplane {
namespace {

TEST(LegNames, OneThatHasLeftIsKnownForAWhile) {
  LegNames names;
  const uint32_t stays = names.Add({"leg", "first"});
  const uint32_t goes = names.Add({"leg", "second"});
  EXPECT_NE(stays, goes);
  names.Retire(goes);
  ASSERT_NE(names.Find(goes), nullptr);
  EXPECT_EQ(names.Find(goes)->participant_id, "second");
  for (size_t i = 0; i < LegNames::kRetiredMax; ++i) names.Retire(names.Add({"other", "other"}));
  EXPECT_EQ(names.Find(goes), nullptr);
  ASSERT_NE(names.Find(stays), nullptr);
  EXPECT_EQ(names.Find(stays)->leg_id, "leg");
  EXPECT_EQ(names.Find(stays)->participant_id, "first");
}

}  // namespace
}  // namespace tutti::mediaplane
