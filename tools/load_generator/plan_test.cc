#include "tools/load_generator/plan.h"

#include <map>

#include "gtest/gtest.h"

namespace tutti::tools {
namespace {

TEST(PlanTest, EveryRoomHasItsTalkersAndItsShare) {
  LoadOptions options;
  options.participants = 103;
  options.rooms = 10;
  options.talkers_per_room = 3;
  options.nothing_percent = 20;
  std::map<int, int> places, talkers;
  std::map<Role, int> roles;
  for (const PlannedCaller& caller : MakePlan(options)) {
    EXPECT_EQ(caller.place, places[caller.room]++);
    talkers[caller.room] += caller.role == Role::kTalker;
    ++roles[caller.role];
  }
  ASSERT_EQ(places.size(), 10u);
  for (const auto& [room, count] : places) {
    EXPECT_EQ(count, room < 3 ? 11 : 10);
    EXPECT_EQ(talkers[room], 3);
  }
  EXPECT_EQ(roles[Role::kTalker], 30);
  EXPECT_EQ(roles[Role::kNothing], 14);
  EXPECT_GT(roles[Role::kNoise], 20);
  EXPECT_GT(roles[Role::kSilence], 20);
}

TEST(PlanTest, RefusesWhatCannotBe) {
  const auto refused = [](auto change) {
    LoadOptions options;
    change(options);
    return !CheckOptions(options).ok();
  };
  EXPECT_FALSE(refused([](LoadOptions&) {}));
  EXPECT_TRUE(refused([](LoadOptions& o) { o.participants = 0; }));
  EXPECT_TRUE(refused([](LoadOptions& o) { o.rooms = o.participants + 1; }));
  EXPECT_TRUE(refused([](LoadOptions& o) { o.talkers_per_room = 11; }));
  EXPECT_TRUE(refused([](LoadOptions& o) { o.talkers_per_room = 20, o.rooms = 1; }));
  EXPECT_TRUE(refused([](LoadOptions& o) { o.nothing_percent = 101; }));
  EXPECT_TRUE(refused([](LoadOptions& o) { o.duration_s = 0; }));
  EXPECT_TRUE(refused([](LoadOptions& o) { o.threads = 0; }));
}

}  // namespace
}  // namespace tutti::tools
