// What a host can do in a room, and what its participants' legs are told.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "control/core/core_fixture.h"

namespace tutti::control {
namespace {

using C = v1::Conference;
using P = v1::Conferencecall;
using Types = std::vector<std::string>;

class CoreControlsTest : public CoreFixture {
 protected:
  C Make(const C& asked = {}) { return *CreateConference(asked); }

  absl::StatusOr<P> Update(const P& wish, const std::vector<std::string>& paths) {
    absl::StatusOr<P> answer = absl::UnknownError("");
    v1::UpdateConferencecallRequest request;
    *request.mutable_conferencecall() = wish;
    for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
    core_->UpdateConferencecall(principal_, request, [&](absl::StatusOr<P> changed) { answer = std::move(changed); });
    Settle();
    return answer;
  }
  absl::StatusOr<C> Lock(const std::string& id, bool locked) {
    absl::StatusOr<C> answer = absl::UnknownError("");
    core_->SetConferenceLocked(principal_, id, locked, [&](absl::StatusOr<C> changed) { answer = std::move(changed); });
    Settle();
    return answer;
  }
  absl::StatusOr<C> MuteAll(const std::string& id, bool muted) {
    absl::StatusOr<C> answer = absl::UnknownError("");
    core_->MuteAll(principal_, id, muted, [&](absl::StatusOr<C> changed) { answer = std::move(changed); });
    Settle();
    return answer;
  }

  static v1::Action JoinWith(const std::string& conference_id, const std::string& option, bool value) {
    v1::Action action = Join(conference_id);
    (*action.mutable_option()->mutable_fields())[option].set_bool_value(value);
    return action;
  }
  static v1::Action JoinWithPin(const std::string& conference_id, const std::string& pin) {
    v1::Action action = Join(conference_id);
    (*action.mutable_option()->mutable_fields())["pin"].set_string_value(pin);
    return action;
  }
  P JoinedAs(const v1::Action& join) {
    const auto call = CreateCall({join});
    EXPECT_TRUE(call.ok()) << call.status();
    return call.ok() ? Participant(call->id()) : P();
  }
  const media::v1::LegSettings& SettingsOf(const P& participant) { return node_.settings[participant.reference_id()]; }
};

TEST_F(CoreControlsTest, SettingsReachTheLegAndAreToldOnce) {
  const C room = Make();
  P speaker = JoinedAs(Join(room.id()));
  EXPECT_EQ(SettingsOf(speaker).SerializeAsString(), "");
  P wish = speaker;
  wish.set_muted(true);
  wish.set_deaf(true);
  wish.set_on_hold(true);
  wish.set_volume_db(-7);
  const auto changed = Update(wish, {"muted", "deaf", "on_hold", "volume_db"});
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_TRUE(changed->muted() && changed->deaf() && changed->on_hold());
  EXPECT_EQ(changed->volume_db(), -7);
  EXPECT_TRUE(SettingsOf(speaker).muted() && SettingsOf(speaker).deaf() && SettingsOf(speaker).on_hold());
  EXPECT_EQ(SettingsOf(speaker).volume_db(), -7);
  // What changes nothing is no event; what is not named stays.
  wish.set_deaf(false);
  ASSERT_TRUE(Update(wish, {"muted"}).ok());
  EXPECT_TRUE(SettingsOf(speaker).deaf());
  EXPECT_EQ(EventTypes("conference:" + room.id()),
            (Types{"conference_created", "conferencecall_joining", "conferencecall_joined", "conference_updated",
                   "conferencecall_updated"}));
}

TEST_F(CoreControlsTest, SettingsAreChecked) {
  const C room = Make();
  P wish = JoinedAs(Join(room.id()));
  wish.set_volume_db(11);
  EXPECT_EQ(ReasonOf(Update(wish, {"volume_db"}).status()), "INVALID_REQUEST_PARAMETER");
  wish.set_volume_db(-31);
  EXPECT_EQ(ReasonOf(Update(wish, {"volume_db"}).status()), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(ReasonOf(Update(wish, {"loudness"}).status()), "INVALID_REQUEST_PARAMETER");
  // Whom to coach: another one of the room.
  wish.set_coach_target_id("nobody");
  EXPECT_EQ(ReasonOf(Update(wish, {"coach_target_id"}).status()), "INVALID_ID");
  wish.set_coach_target_id(wish.id());
  EXPECT_EQ(ReasonOf(Update(wish, {"coach_target_id"}).status()), "INVALID_REQUEST_PARAMETER");
  wish.set_coach_target_id(JoinedAs(Join(Make().id())).id());
  EXPECT_EQ(ReasonOf(Update(wish, {"coach_target_id"}).status()), "INVALID_REQUEST_PARAMETER");
  // One who has left has no controls.
  ASSERT_TRUE(Kick(wish.id()).ok());
  wish.set_muted(true);
  EXPECT_EQ(ReasonOf(Update(wish, {"muted"}).status()), "STATE_INVALID");
  P unknown;
  unknown.set_id("00000000-0000-7000-8000-000000000001");
  EXPECT_EQ(ReasonOf(Update(unknown, {"muted"}).status()), "CONFERENCECALL_NOT_FOUND");
  principal_.customer_id = "00000000-0000-7000-8000-0000000000ff";
  EXPECT_EQ(ReasonOf(Update(wish, {"muted"}).status()), "CONFERENCECALL_NOT_FOUND");
}

TEST_F(CoreControlsTest, ACoachIsHeardByItsTargetAlone) {
  const C room = Make();
  const P agent = JoinedAs(Join(room.id()));
  P coach = JoinedAs(Join(room.id()));
  coach.set_coach_target_id(agent.id());
  ASSERT_TRUE(Update(coach, {"coach_target_id"}).ok());
  ASSERT_EQ(SettingsOf(coach).heard_only_by_size(), 1);
  EXPECT_EQ(SettingsOf(coach).heard_only_by(0), agent.reference_id());
  // Its target gone, it is heard by nobody rather than by all.
  ASSERT_TRUE(Kick(agent.id()).ok());
  coach.set_muted(true);
  ASSERT_TRUE(Update(coach, {"muted"}).ok());
  EXPECT_EQ(SettingsOf(coach).heard_only_by_size(), 1);
  coach.clear_coach_target_id();
  ASSERT_TRUE(Update(coach, {"coach_target_id"}).ok());
  EXPECT_EQ(SettingsOf(coach).heard_only_by_size(), 0);
}

TEST_F(CoreControlsTest, WhoLeftAndComesAgainIsNotCoachedAnyMore) {
  const C room = Make();
  const v1::Call agent = *CreateCall({Join(room.id()), Join(room.id()), Sleep(60'000)});
  P coach = JoinedAs(Join(room.id()));
  coach.set_coach_target_id(Participant(agent.id()).id());
  ASSERT_TRUE(Update(coach, {"coach_target_id"}).ok());
  ASSERT_EQ(SettingsOf(coach).heard_only_by(0), agent.id());
  // Its call enters the room anew, as another participant.
  ASSERT_TRUE(Kick(coach.coach_target_id()).ok());
  ASSERT_NE(Participant(agent.id()).id(), coach.coach_target_id());
  ASSERT_EQ(SettingsOf(coach).heard_only_by_size(), 1);
  EXPECT_NE(SettingsOf(coach).heard_only_by(0), agent.id());
}

TEST_F(CoreControlsTest, MuteAllMutesAllButHostsAndWhoComesLater) {
  const C room = Make();
  const P host = JoinedAs(JoinWith(room.id(), "host", true));
  const P first = JoinedAs(Join(room.id()));
  const P second = JoinedAs(Join(room.id()));
  const int commits = commits_with_effects_;
  const auto muted = MuteAll(room.id(), true);
  ASSERT_TRUE(muted.ok()) << muted.status();
  EXPECT_TRUE(muted->muted_on_entry());
  // One transaction, whatever the number of participants.
  EXPECT_EQ(commits_with_effects_, commits + 1);
  EXPECT_FALSE(SettingsOf(host).muted());
  EXPECT_TRUE(SettingsOf(first).muted() && SettingsOf(second).muted());
  const P late = JoinedAs(Join(room.id()));
  EXPECT_TRUE(late.muted() && SettingsOf(late).muted());
  EXPECT_FALSE(JoinedAs(JoinWith(room.id(), "host", true)).muted());
  ASSERT_TRUE(MuteAll(room.id(), false).ok());
  EXPECT_FALSE(SettingsOf(first).muted() || SettingsOf(late).muted());
  EXPECT_FALSE(JoinedAs(Join(room.id())).muted());
  EXPECT_TRUE(JoinedAs(JoinWith(room.id(), "muted", true)).muted());
}

TEST_F(CoreControlsTest, ALockedRoomLetsNobodyIn) {
  const C room = Make();
  const P inside = JoinedAs(Join(room.id()));
  ASSERT_TRUE(Lock(room.id(), true)->locked());
  ASSERT_TRUE(Lock(room.id(), true).ok());
  EXPECT_EQ(ReasonOf(CreateCall({Join(room.id())}).status()), "CONFERENCE_LOCKED");
  EXPECT_EQ(Participant(inside.reference_id()).status(), P::STATUS_JOINED);
  ASSERT_FALSE(Lock(room.id(), false)->locked());
  EXPECT_TRUE(CreateCall({Join(room.id())}).ok());
  ASSERT_TRUE(DeleteConference(room.id()).ok());
  EXPECT_EQ(ReasonOf(Lock(room.id(), true).status()), "STATE_INVALID");
  EXPECT_EQ(ReasonOf(MuteAll(room.id(), true).status()), "STATE_INVALID");
}

TEST_F(CoreControlsTest, APinIsAskedForAndNeverShown) {
  C asked;
  asked.set_pin("12a");
  EXPECT_EQ(ReasonOf(CreateConference(asked).status()), "INVALID_REQUEST_PARAMETER");
  asked.set_pin("4711");
  const C room = Make(asked);
  EXPECT_EQ(room.pin(), "");
  EXPECT_EQ(Room(room.id()).pin(), "");
  EXPECT_EQ(ReasonOf(CreateCall({Join(room.id())}).status()), "CONFERENCE_PIN_INVALID");
  EXPECT_EQ(ReasonOf(CreateCall({JoinWithPin(room.id(), "4712")}).status()), "CONFERENCE_PIN_INVALID");
  EXPECT_TRUE(CreateCall({JoinWithPin(room.id(), "4711")}).ok());
}

TEST_F(CoreControlsTest, BeforeTheHostEntersTheRoomIsParted) {
  C asked;
  asked.set_start_on_host(true);
  const C room = Make(asked);
  const P early = JoinedAs(Join(room.id()));
  EXPECT_EQ(early.status(), P::STATUS_JOINED);
  EXPECT_TRUE(node_.puts[room.id()].parted());
  P host = JoinedAs(JoinWith(room.id(), "host", true));
  EXPECT_FALSE(node_.puts[room.id()].parted());
  // It stays open when the host is gone.
  ASSERT_TRUE(Kick(host.id()).ok());
  EXPECT_EQ(Room(room.id()).status(), C::STATUS_PROGRESSING);
  EXPECT_FALSE(node_.puts[room.id()].parted());
}

TEST_F(CoreControlsTest, OneWhoIsMadeHostOpensTheRoom) {
  C asked;
  asked.set_start_on_host(true);
  const C room = Make(asked);
  P early = JoinedAs(Join(room.id()));
  early.set_host(true);
  ASSERT_TRUE(Update(early, {"host"}).ok());
  EXPECT_FALSE(node_.puts[room.id()].parted());
}

TEST_F(CoreControlsTest, TheRoomEndsWithItsLastHost) {
  C asked;
  asked.set_end_on_host(true);
  const C room = Make(asked);
  const P guest = JoinedAs(Join(room.id()));
  const P first = JoinedAs(JoinWith(room.id(), "host", true));
  P second = JoinedAs(JoinWith(room.id(), "host", true));
  ASSERT_TRUE(Kick(first.id()).ok());
  EXPECT_EQ(Room(room.id()).status(), C::STATUS_PROGRESSING);
  ASSERT_TRUE(Hangup(second.reference_id()).ok());
  EXPECT_EQ(Room(room.id()).status(), C::STATUS_TERMINATED);
  EXPECT_EQ(Room(room.id()).end_reason(), C::END_REASON_HOST_LEFT);
  EXPECT_EQ(core_->GetConferencecall(principal_, guest.id())->leave_reason(), P::LEAVE_REASON_CONFERENCE_ENDED);
}

TEST_F(CoreControlsTest, AHostWhoLeavesItsPeerIsCountedNoMore) {
  C asked;
  asked.set_type(C::TYPE_CONNECT);
  const C room = Make(asked);
  const P peer = JoinedAs(Join(room.id()));
  const P host = JoinedAs(JoinWith(room.id(), "host", true));
  ASSERT_TRUE(Kick(host.id()).ok());
  EXPECT_EQ(Room(room.id()).end_reason(), C::END_REASON_PARTICIPANT_LEFT);
  EXPECT_EQ(core_->GetConferencecall(principal_, peer.id())->leave_reason(), P::LEAVE_REASON_PEER_LEFT);
  CheckInvariants();
}

TEST_F(CoreControlsTest, ACallsOwnHoldAndMuteHoldInEveryRoom) {
  const C room = Make();
  const v1::Call call = *CreateCall({Join(room.id()), Join(room.id()), Sleep(60'000)});
  absl::StatusOr<v1::Call> changed = absl::UnknownError("");
  const auto keep = [&](absl::StatusOr<v1::Call> answer) { changed = std::move(answer); };
  core_->SetCallMuted(principal_, call.id(), true, keep);
  Settle();
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_TRUE(changed->muted());
  core_->SetCallOnHold(principal_, call.id(), true, keep);
  Settle();
  EXPECT_TRUE(node_.settings[call.id()].muted() && node_.settings[call.id()].on_hold());
  // The participant's own controls are as they were, and take nothing back.
  P participant = Participant(call.id());
  EXPECT_FALSE(participant.muted() || participant.on_hold());
  ASSERT_TRUE(Update(participant, {"muted"}).ok());
  EXPECT_TRUE(node_.settings[call.id()].muted());
  // In the next room, too.
  ASSERT_TRUE(Kick(participant.id()).ok());
  EXPECT_TRUE(node_.settings[call.id()].muted() && node_.settings[call.id()].on_hold());
  core_->SetCallOnHold(principal_, call.id(), false, keep);
  Settle();
  EXPECT_FALSE(node_.settings[call.id()].on_hold());
  core_->SetCallMuted(principal_, call.id(), false, keep);
  Settle();
  EXPECT_FALSE(node_.settings[call.id()].muted());
  const size_t events = EventTypes("call:" + call.id()).size();
  core_->SetCallMuted(principal_, call.id(), false, keep);
  Settle();
  EXPECT_EQ(EventTypes("call:" + call.id()).size(), events);
  ASSERT_TRUE(Hangup(call.id()).ok());
  core_->SetCallMuted(principal_, call.id(), true, keep);
  Settle();
  EXPECT_EQ(ReasonOf(changed.status()), "STATE_INVALID");
}

TEST_F(CoreControlsTest, SettingsOutliveARestart) {
  const C room = Make();
  P speaker = JoinedAs(Join(room.id()));
  hold_commands_ = true;
  speaker.set_muted(true);
  ASSERT_TRUE(Update(speaker, {"muted"}).ok());
  EXPECT_FALSE(SettingsOf(speaker).muted());
  Restart();
  hold_commands_ = false;
  Connect();
  EXPECT_TRUE(SettingsOf(speaker).muted());
}

}  // namespace
}  // namespace tutti::control
