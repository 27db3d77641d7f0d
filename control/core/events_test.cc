#include <string>

#include "control/core/core_fixture.h"

namespace tutti::control {
namespace {

class EventsTest : public CoreFixture {};

TEST_F(EventsTest, ACursorGoesOnWhereItWasLeft) {
  auto now = *core_->events().FindPoint(principal_, "", 0, "");
  const std::string a = CreateConference()->id();
  const std::string b = CreateConference()->id();
  const auto events = *core_->events().Read(principal_, now, 100);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].conference().id(), a);
  EXPECT_EQ(events[0].stream(), "conference:" + a);
  EXPECT_TRUE(IsUuid(events[0].id()));
  EXPECT_TRUE(core_->events().Read(principal_, now, 100)->empty());
  // Over a restart, too.
  Restart();
  auto again = *core_->events().FindPoint(principal_, "", 0, events[0].cursor());
  const auto rest = *core_->events().Read(principal_, again, 100);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].SerializeAsString(), events[1].SerializeAsString());
  EXPECT_EQ(rest[0].conference().id(), b);
}

TEST_F(EventsTest, AnEventShowsTheResourceAsItWasThen) {
  v1::Conference asked;
  asked.set_name("n");
  const auto room = *CreateConference(asked);
  ASSERT_TRUE(DeleteConference(room.id()).ok());
  auto point = *core_->events().FindPoint(principal_, "conference:" + room.id(), 0, "");
  const auto events = *core_->events().Read(principal_, point, 100);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].conference().SerializeAsString(), room.SerializeAsString());
  EXPECT_EQ(events[1].conference().status(), v1::Conference::STATUS_TERMINATING);
  EXPECT_EQ(events[2].conference().SerializeAsString(), Room(room.id()).SerializeAsString());
}

TEST_F(EventsTest, PointsThatAreNoneAreRefused) {
  const auto reason = [&](const std::string& stream, int64_t after, const std::string& cursor) {
    return ReasonOf(core_->events().FindPoint(principal_, stream, after, cursor).status());
  };
  EXPECT_EQ(reason("", 0, "abc"), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason("", 3, ""), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason("room:1", 0, ""), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason("conference:1", 0, ""), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason("call:0190a000-0000-7000-8000-000000000001", 0, ""), "CALL_NOT_FOUND");
  const auto room = *CreateConference();
  EXPECT_EQ(reason("conference:" + room.id(), -1, ""), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason("conference:" + room.id(), 0, ""), "");
}

TEST_F(EventsTest, EffectsCarryTheCommittedEventsAndDeadlines) {
  struct Sink : EffectSink {
    void OnCommit(Effects effects) override { last = std::move(effects); }
    Effects last;
  } sink;
  IdGenerator ids(clock_);
  Core core(*store_, clock_, ids, *this, sink, nullptr, options_);
  v1::CreateConferenceRequest request;
  request.mutable_conference()->set_timeout(60);
  core.conferences().Create(principal_, request, "",
                            [](const absl::StatusOr<v1::Conference>& made) { EXPECT_TRUE(made.ok()); });
  EXPECT_TRUE(sink.last.empty());
  RunSteps();
  ASSERT_EQ(sink.last.events.size(), 1u);
  EXPECT_EQ(sink.last.events[0].type(), "conference_created");
  EXPECT_EQ(sink.last.events[0].sequence(), 1);
  EXPECT_EQ(sink.last.deadline, clock_.Now() + absl::Seconds(60));
}

}  // namespace
}  // namespace tutti::control
