// What a room hears of the house: beeps, music; and where an announcement goes.

#include <set>
#include <string>
#include <vector>

#include "control/core/core_fixture.h"

namespace tutti::control {
namespace {

class SoundsInRoomsTest : public CoreFixture {
 protected:
  std::string NewRoom(bool beeps, bool start_on_host = false) {
    v1::Conference room;
    room.set_beeps(beeps);
    room.set_start_on_host(start_on_host);
    return CreateConference(room)->id();
  }
  // "beep_entry ROOM".
  std::vector<std::string> Beeps() {
    std::vector<std::string> result;
    for (const Beep& beep : beeps_) result.push_back(beep.sound + " " + beep.bridge_id);
    return result;
  }
  media::v1::PutBridgeRequest BridgeOf(const std::string& room) {
    const auto ref = core_->conferences().FindBridge(principal_, room);
    EXPECT_TRUE(ref.ok()) << ref.status();
    return std::get<media::v1::PutBridgeRequest>(core_->media_commands().ReadBridge(*ref)->request);
  }
};

TEST_F(SoundsInRoomsTest, ARoomBeepsWhenSomebodyHasJoinedAndWhenOneOfSeveralLeaves) {
  const std::string room = NewRoom(true);
  const v1::Call first = JoinedCall(room);
  const v1::Call second = JoinedCall(room);
  EXPECT_EQ(Beeps(), (std::vector<std::string>{"beep_entry " + room, "beep_entry " + room}));
  ASSERT_TRUE(Hangup(first.id()).ok());
  EXPECT_EQ(Beeps().back(), "beep_exit " + room);
  ASSERT_EQ(beeps_.size(), 3u);
  ASSERT_TRUE(Hangup(second.id()).ok());
  EXPECT_EQ(beeps_.size(), 3u) << "nobody is left to hear it";
  const std::set<std::string> operations = {beeps_[0].operation_id, beeps_[1].operation_id, beeps_[2].operation_id};
  EXPECT_EQ(operations.size(), 3u);
  for (const std::string& id : operations) EXPECT_TRUE(IsUuid(id)) << id;
  EXPECT_EQ(beeps_[0].node_id, node_.id());
  EXPECT_EQ(beeps_[0].operation_id, Participant(first.id()).id());
}

TEST_F(SoundsInRoomsTest, ARoomIsSilentUnlessItIsAskedToBeep) {
  const std::string room = NewRoom(false);
  const v1::Call call = JoinedCall(room);
  JoinedCall(room);
  ASSERT_TRUE(Hangup(call.id()).ok());
  EXPECT_TRUE(beeps_.empty());
  EXPECT_FALSE(Room(room).beeps());
}

TEST_F(SoundsInRoomsTest, TheEndOfARoomDoesNotBeep) {
  const std::string room = NewRoom(true);
  JoinedCall(room);
  JoinedCall(room);
  beeps_.clear();
  ASSERT_TRUE(DeleteConference(room).ok());
  Settle();
  EXPECT_TRUE(beeps_.empty());
}

TEST_F(SoundsInRoomsTest, ABridgeNamesTheMusicOfHoldAndOfWaiting) {
  const std::string room = NewRoom(false, true);
  JoinedCall(room);
  const auto bridge = BridgeOf(room);
  EXPECT_TRUE(bridge.parted());
  EXPECT_EQ(bridge.waiting_sound(), "hold_music");
  EXPECT_EQ(bridge.hold_sound(), "hold_music");
}

TEST_F(SoundsInRoomsTest, AnAnnouncementGoesWhereSomebodyHearsIt) {
  const std::string room = NewRoom(false);
  EXPECT_EQ(ReasonOf(core_->conferences().FindBridge(principal_, room).status()), "STATE_INVALID");
  const v1::Call call = JoinedCall(room);
  EXPECT_EQ(core_->conferences().FindBridge(principal_, room)->node_id, node_.id());
  const std::string participant = Participant(call.id()).id();
  EXPECT_EQ(core_->conferencecalls().FindLeg(principal_, participant)->id, call.id());
  const Principal other{"00000000-0000-4000-8000-000000000001"};
  EXPECT_EQ(ReasonOf(core_->conferences().FindBridge(other, room).status()), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(core_->conferencecalls().FindLeg(other, participant).status()), "CONFERENCECALL_NOT_FOUND");
  ASSERT_TRUE(Hangup(call.id()).ok());
  EXPECT_EQ(ReasonOf(core_->conferences().FindBridge(principal_, room).status()), "STATE_INVALID");
  EXPECT_EQ(ReasonOf(core_->conferencecalls().FindLeg(principal_, participant).status()), "STATE_INVALID");
}

}  // namespace
}  // namespace tutti::control
