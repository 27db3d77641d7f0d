// A room of a thousand: what a join writes does not grow with the room, and to mute
// all is one transaction. Counted, not timed.

#include <cstdint>
#include <string>

#include "common/status/status.h"
#include "control/core/core_fixture.h"

namespace tutti::control {
namespace {

constexpr int kParticipants = 1'000;

// What was written and sent so far.
struct Cost {
  int64_t transactions = 0;
  // Inserts and updates of conferences, conferencecalls and calls.
  int64_t rows = 0;
  int64_t events = 0;
  int64_t event_bytes = 0;
  int64_t commands = 0;

  Cost operator-(const Cost& other) const {
    return {transactions - other.transactions, rows - other.rows, events - other.events,
            event_bytes - other.event_bytes, commands - other.commands};
  }
};

class LargeRoomTest : public CoreFixture {
 protected:
  void OnCommit(Effects effects) override {
    ++cost_.transactions;
    cost_.events += static_cast<int64_t>(effects.events.size());
    for (const v1::Event& event : effects.events) cost_.event_bytes += static_cast<int64_t>(event.ByteSizeLong());
    cost_.commands += static_cast<int64_t>(effects.legs.size() + effects.bridges.size());
    CoreFixture::OnCommit(std::move(effects));
  }

  Cost Now() {
    constexpr int kAll = 100'000;
    const std::string& customer = principal_.customer_id;
    Cost cost = cost_;
    const absl::Status read = store_->Read([&](Transaction& tx) -> absl::Status {
      // A row's revision goes up by one with each write of it.
      const auto add = [&](const auto& records) {
        for (const auto& record : records) cost.rows += record.revision();
      };
      TUTTI_ASSIGN_OR_RETURN(const auto rooms, tx.conferences.List({customer, 0, 0}, {}, kAll));
      TUTTI_ASSIGN_OR_RETURN(const auto participants, tx.conferencecalls.List({customer, "", 0}, {}, kAll));
      TUTTI_ASSIGN_OR_RETURN(const auto calls, tx.calls.List(customer, 0, {}, kAll));
      add(rooms);
      add(participants);
      add(calls);
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return cost;
  }

  Cost cost_;
};

TEST_F(LargeRoomTest, AJoinDoesNotCostMoreInALargeRoomAndMuteAllIsOneTransaction) {
  v1::Conference wanted;
  wanted.set_beeps(true);
  const std::string room = CreateConference(wanted)->id();
  Cost tenth;
  for (int count = 1; count <= kParticipants; ++count) {
    const bool is_measured = count == 10 || count == kParticipants / 2 || count == kParticipants;
    const Cost before = is_measured ? Now() : Cost();
    JoinedCall(room);
    if (!is_measured) continue;
    const Cost join = Now() - before;
    if (count == 10) tenth = join;
    EXPECT_EQ(join.transactions, tenth.transactions) << count;
    EXPECT_EQ(join.rows, tenth.rows) << count;
    EXPECT_EQ(join.events, tenth.events) << count;
    EXPECT_EQ(join.commands, tenth.commands) << count;
    // Numbers that have more digits.
    EXPECT_NEAR(static_cast<double>(join.event_bytes), static_cast<double>(tenth.event_bytes), 40) << count;
  }
  EXPECT_EQ(Room(room).participant_count(), kParticipants);
  EXPECT_LE(tenth.transactions, 4);
  EXPECT_LE(tenth.rows, 10);
  EXPECT_LE(tenth.events, 6);
  EXPECT_LE(tenth.commands, 3);

  hold_commands_ = true;
  Cost before = Now();
  core_->conferences().MuteAll(principal_, room, true, [](const absl::StatusOr<v1::Conference>& changed) {
    EXPECT_TRUE(changed.ok()) << changed.status();
  });
  RunSteps();
  const Cost mute = Now() - before;
  EXPECT_EQ(mute.transactions, 1);
  EXPECT_EQ(mute.events, kParticipants + 1) << "each participant's, and the room's";
  EXPECT_EQ(mute.rows, 2 * kParticipants + 1);
  EXPECT_EQ(mute.commands, kParticipants);
  before = Now();
  core_->conferences().MuteAll(principal_, room, true, [](const auto&) {});
  RunSteps();
  EXPECT_EQ((Now() - before).events, 0) << "all are muted already";
}

}  // namespace
}  // namespace tutti::control
