#include "tools/demo/room.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/demo/cue_source.h"
#include "tools/demo/live.h"

namespace tutti::tools {
namespace {

using mediaplane::Codec;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;

TEST(CueSourceTest, IsSilentUntilItsCue) {
  auto cue = std::make_shared<CueSource::Cue>(CueSource::kNoCue);
  CueSource source({1, 2, 3}, cue);
  std::vector<int16_t> out(4);
  source.Read(out);
  EXPECT_THAT(out, ElementsAre(0, 0, 0, 0));
  cue->store(6);
  source.Read(out);
  EXPECT_THAT(out, ElementsAre(0, 0, 1, 2));
  source.Read(out);
  EXPECT_THAT(out, ElementsAre(3, 0, 0, 0));
}

TEST(CutTest, FillsUpWithSilence) {
  EXPECT_THAT(Cut({1, 2, 3}, -1, 5), ElementsAre(0, 1, 2, 3, 0));
  EXPECT_THAT(Cut({1, 2, 3}, 2, 2), ElementsAre(3, 0));
}

TEST(LiveTest, SaysEachChangeOnce) {
  Live live({"Anna", "Karl"});
  const Moment empty{{-100, -100}, {-100, -100}, {false, false}};
  Moment both = empty;
  both.joined = {true, true};
  EXPECT_THAT(live.Add(empty), Optional(HasSubstr("in the room: nobody")));
  EXPECT_THAT(live.Add(both), Optional(std::string("in the room: Anna and Karl")));
  EXPECT_EQ(live.Add(both), std::nullopt);
  Moment talk = both;
  talk.said_dbfs[0] = -20;
  EXPECT_EQ(live.Add(talk), std::nullopt);
  talk.heard_dbfs[1] = -20;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(live.Add(talk), std::nullopt);
  EXPECT_THAT(live.Add(talk), Optional(std::string("talking: Anna; sound arrives at: Karl")));
  // A pause between two words is no change.
  for (int i = 0; i < 7; ++i) EXPECT_EQ(live.Add(both), std::nullopt);
  EXPECT_EQ(live.Add(talk), std::nullopt);
  std::optional<std::string> line;
  for (int i = 0; i < 20 && !line; ++i) line = live.Add(both);
  EXPECT_THAT(line, Optional(std::string("all are silent")));
  EXPECT_THAT(live.Add(empty), Optional(std::string("in the room: nobody")));
}

TEST(TableTest, ComplainsOfWhatIsWrong) {
  const std::vector<Person> people = {{"Anna", "", Codec::kPcmu}, {"Karl", "", Codec::kPcmu}};
  Matches matches = {{{0, -60, 0}, {0.97, -0.3, 41}}, {{0.96, 0.1, 42}, {0, -70, 0}}};
  EXPECT_THAT(Complaints(people, matches), IsEmpty());
  EXPECT_THAT(Table(people, matches), HasSubstr("yes 97 %, -0.3 dB, 41 ms"));
  matches[0][0].level_db = -10;
  matches[1][0].likeness = 0.2;
  EXPECT_THAT(Complaints(people, matches), ElementsAre("Anna heard its own voice.", "Karl did not hear Anna."));
  EXPECT_THAT(Table(people, matches), HasSubstr("NO"));
}

TEST(EnumerateTest, ReadsAsASentence) {
  EXPECT_EQ(Enumerate({}), "nobody");
  EXPECT_EQ(Enumerate({"a"}), "a");
  EXPECT_EQ(Enumerate({"a", "b", "c"}), "a, b and c");
}

}  // namespace
}  // namespace tutti::tools
