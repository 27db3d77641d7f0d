#include <string>
#include <vector>

#include "control/core/core_fixture.h"

namespace tutti::control {
namespace {

using C = v1::Conference;
using P = v1::Conferencecall;
using Types = std::vector<std::string>;

class ConferencesTest : public CoreFixture {
 protected:
  C Make(C::Type type = C::TYPE_CONFERENCE) {
    C asked;
    asked.set_type(type);
    return *CreateConference(asked);
  }
  absl::StatusOr<C> Replace(const C& conference, const std::string& if_match = "") {
    absl::StatusOr<C> answer = absl::UnknownError("");
    v1::ReplaceConferenceRequest request;
    *request.mutable_conference() = conference;
    request.set_if_match(if_match);
    core_->conferences().Replace(principal_, request, [&](absl::StatusOr<C> changed) { answer = std::move(changed); });
    Settle();
    return answer;
  }
  absl::StatusOr<C> Update(const C& conference, const std::vector<std::string>& paths) {
    absl::StatusOr<C> answer = absl::UnknownError("");
    v1::UpdateConferenceRequest request;
    *request.mutable_conference() = conference;
    for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
    core_->conferences().Update(principal_, request, [&](absl::StatusOr<C> changed) { answer = std::move(changed); });
    Settle();
    return answer;
  }
};

TEST_F(ConferencesTest, ANewOneIsProgressing) {
  C asked;
  asked.set_name("Monday");
  auto made = CreateConference(asked);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->status(), C::STATUS_PROGRESSING);
  EXPECT_EQ(made->type(), C::TYPE_CONFERENCE);
  EXPECT_EQ(made->customer_id(), principal_.customer_id);
  EXPECT_TRUE(IsUuid(made->id()));
  EXPECT_EQ(Room(made->id()).SerializeAsString(), made->SerializeAsString());
  EXPECT_EQ(EventTypes("conference:" + made->id()), Types{"conference_created"});
}

TEST_F(ConferencesTest, ChecksWhatIsAsked) {
  const auto reason_of = [&](auto set) {
    C asked;
    set(asked);
    return ReasonOf(CreateConference(asked).status());
  };
  EXPECT_EQ(reason_of([](C& c) { c.set_id("x"); }), "INVALID_ID");
  EXPECT_EQ(reason_of([](C& c) { c.set_type(static_cast<C::Type>(7)); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](C& c) { c.set_name(std::string(256, 'x')); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](C& c) { c.set_detail(std::string(4097, 'x')); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](C& c) { c.set_timeout(-1); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](C& c) { c.set_timeout(31'536'001); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](C& c) {
              c.set_type(C::TYPE_CONNECT);
              c.set_max_participants(3);
            }),
            "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(
      reason_of([](C& c) { (*c.mutable_data()->mutable_fields())["a"].set_string_value(std::string(16 * 1024, 'x')); }),
      "INVALID_REQUEST_PARAMETER");
  const auto nested = [](int levels) {
    return [levels](C& c) {
      google::protobuf::Struct* at = c.mutable_data();
      for (int i = 1; i < levels; ++i) at = (*at->mutable_fields())["a"].mutable_struct_value();
    };
  };
  EXPECT_EQ(reason_of(nested(32)), "");
  EXPECT_EQ(reason_of(nested(33)), "INVALID_REQUEST_PARAMETER");
  C twice;
  twice.set_id(Make().id());
  EXPECT_EQ(ReasonOf(CreateConference(twice).status()), "CONFERENCE_ALREADY_EXISTS");
}

TEST_F(ConferencesTest, AnotherCustomersIsNotThere) {
  const C mine = Make();
  principal_.customer_id = "00000000-0000-7000-8000-0000000000ff";
  EXPECT_EQ(ReasonOf(core_->conferences().Get(principal_, mine.id()).status()), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(DeleteConference(mine.id()).status()), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Replace(mine).status()), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(CreateCall({Join(mine.id())}).status()), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(core_->conferences().List(principal_, {})->result_size(), 0);
  EXPECT_EQ(ReasonOf(core_->events().FindPoint(principal_, "conference:" + mine.id(), 0, "").status()),
            "CONFERENCE_NOT_FOUND");
  auto all = *core_->events().FindPoint(principal_, "", 0, "");
  all.after = 0;
  EXPECT_TRUE(core_->events().Read(principal_, all, 10)->empty());
}

TEST_F(ConferencesTest, AnIdempotencyKeyGivesTheFirstAnswer) {
  C asked;
  asked.set_name("a");
  const C first = *CreateConference(asked, "key");
  ASSERT_TRUE(DeleteConference(first.id()).ok());
  EXPECT_EQ(CreateConference(asked, "key")->SerializeAsString(), first.SerializeAsString());
  asked.set_name("b");
  EXPECT_EQ(ReasonOf(CreateConference(asked, "key").status()), "IDEMPOTENCY_KEY_REUSED");
  clock_.Advance(absl::Hours(25));
  EXPECT_NE(CreateConference(asked, "key")->id(), first.id());
  EXPECT_EQ(ReasonOf(CreateConference(asked, std::string(129, 'x')).status()), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(ReasonOf(CreateConference(asked, "a\nb").status()), "INVALID_REQUEST_PARAMETER");
}

TEST_F(ConferencesTest, PutReplacesAndPatchChanges) {
  C room = Make();
  room.set_name("n");
  room.set_detail("d");
  room.set_max_participants(3);
  // Output-only fields are passed over.
  room.set_status(C::STATUS_TERMINATED);
  C put = *Replace(room);
  EXPECT_EQ(put.name(), "n");
  EXPECT_EQ(put.status(), C::STATUS_PROGRESSING);
  EXPECT_NE(put.etag(), room.etag());
  C change;
  change.set_id(room.id());
  change.set_detail("e");
  C patched = *Update(change, {"detail", "status"});
  EXPECT_EQ(patched.name(), "n");
  EXPECT_EQ(patched.detail(), "e");
  EXPECT_EQ(Update(change, {"name"})->name(), "");
  EXPECT_EQ(ReasonOf(Update(change, {"nam"}).status()), "INVALID_REQUEST_PARAMETER");
  C bare;
  bare.set_id(room.id());
  EXPECT_EQ(Replace(bare)->max_participants(), 0);
  bare.set_type(C::TYPE_CONNECT);
  EXPECT_EQ(ReasonOf(Replace(bare).status()), "INVALID_REQUEST_PARAMETER");
  bare.set_type(C::TYPE_UNSPECIFIED);
  bare.set_customer_id("other");
  EXPECT_EQ(ReasonOf(Replace(bare).status()), "INVALID_REQUEST_PARAMETER");
}

TEST_F(ConferencesTest, AnEtagGuardsAChange) {
  const C room = Make();
  EXPECT_TRUE(Replace(room, room.etag()).ok());
  const absl::Status status = Replace(room, room.etag()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(status), "ETAG_MISMATCH");
  EXPECT_TRUE(Replace(room, Room(room.id()).etag()).ok());
}

TEST_F(ConferencesTest, DeletingAnEmptyOneTerminatesItAtOnce) {
  const C room = Make();
  const C deleted = *DeleteConference(room.id());
  EXPECT_EQ(deleted.status(), C::STATUS_TERMINATED);
  EXPECT_EQ(deleted.end_reason(), C::END_REASON_DELETED);
  EXPECT_TRUE(deleted.has_tm_end() && deleted.has_tm_delete());
  EXPECT_EQ(DeleteConference(room.id())->SerializeAsString(), deleted.SerializeAsString());
  EXPECT_EQ(EventTypes("conference:" + room.id()),
            (Types{"conference_created", "conference_updated", "conference_deleted"}));
  EXPECT_EQ(ReasonOf(Replace(room).status()), "STATE_INVALID");
  EXPECT_EQ(ReasonOf(CreateCall({Join(room.id())}).status()), "STATE_INVALID");
}

TEST_F(ConferencesTest, DeletingOneWithParticipantsEjectsThemFirst) {
  const C room = Make();
  const v1::Call a = JoinedCall(room.id());
  const v1::Call b = JoinedCall(room.id());
  EXPECT_EQ(Room(room.id()).participant_count(), 2);
  EXPECT_EQ(Room(room.id()).conferencecall_ids_size(), 2);
  EXPECT_EQ(node_.bridges.count(room.id()), 1u);
  hold_commands_ = true;
  EXPECT_EQ(DeleteConference(room.id())->status(), C::STATUS_TERMINATING);
  EXPECT_EQ(Participant(a.id()).status(), P::STATUS_LEAVING);
  EXPECT_EQ(ReasonOf(CreateCall({Join(room.id())}).status()), "STATE_INVALID");
  EXPECT_EQ(DeleteConference(room.id())->status(), C::STATUS_TERMINATING);
  CheckInvariants();
  hold_commands_ = false;
  Settle();
  EXPECT_EQ(Room(room.id()).status(), C::STATUS_TERMINATED);
  EXPECT_EQ(Participant(b.id()).leave_reason(), P::LEAVE_REASON_CONFERENCE_ENDED);
  EXPECT_EQ(Call(a.id()).hangup_reason(), v1::Call::HANGUP_REASON_FLOW_ENDED);
  EXPECT_TRUE(node_.legs.empty());
  EXPECT_TRUE(node_.bridges.empty());
  CheckInvariants();
}

TEST_F(ConferencesTest, TheLimitCountsThoseWhoAreJoining) {
  C asked;
  asked.set_max_participants(2);
  const C room = *CreateConference(asked);
  JoinedCall(room.id());
  node_.attaches = false;
  ASSERT_TRUE(CreateCall({Join(room.id())}).ok());
  EXPECT_EQ(ReasonOf(CreateCall({Join(room.id())}).status()), "CONFERENCE_FULL");
}

TEST_F(ConferencesTest, AConnectRoomEndsWhenOneOfItsTwoLeaves) {
  const C room = Make(C::TYPE_CONNECT);
  EXPECT_EQ(room.max_participants(), 2);
  const v1::Call a = JoinedCall(room.id());
  const v1::Call b = JoinedCall(room.id());
  EXPECT_EQ(ReasonOf(CreateCall({Join(room.id())}).status()), "CONFERENCE_FULL");
  ASSERT_TRUE(Hangup(a.id()).ok());
  EXPECT_EQ(Participant(b.id()).status(), P::STATUS_LEAVED);
  EXPECT_EQ(Participant(b.id()).leave_reason(), P::LEAVE_REASON_PEER_LEFT);
  EXPECT_EQ(Room(room.id()).status(), C::STATUS_TERMINATED);
  EXPECT_EQ(Room(room.id()).end_reason(), C::END_REASON_PARTICIPANT_LEFT);
  CheckInvariants();
}

TEST_F(ConferencesTest, AConnectRoomOutlivesOneWhoNeverJoined) {
  const C room = Make(C::TYPE_CONNECT);
  node_.attaches = false;
  const v1::Call a = *CreateCall({Join(room.id())});
  ASSERT_TRUE(Hangup(a.id()).ok());
  EXPECT_EQ(Room(room.id()).status(), C::STATUS_PROGRESSING);
  node_.attaches = true;
  JoinedCall(room.id());
  JoinedCall(room.id());
  EXPECT_EQ(Room(room.id()).participant_count(), 2);
}

TEST_F(ConferencesTest, AStandardRoomStaysWhenEmpty) {
  const C room = Make();
  const v1::Call a = JoinedCall(room.id());
  ASSERT_TRUE(Hangup(a.id()).ok());
  EXPECT_EQ(Room(room.id()).status(), C::STATUS_PROGRESSING);
  JoinedCall(room.id());
}

TEST_F(ConferencesTest, PagesGoFromTheNewestOnAndAreBoundToTheirFilters) {
  Types made;
  for (int i = 0; i < 5; ++i) {
    made.insert(made.begin(), Make(i == 2 ? C::TYPE_CONNECT : C::TYPE_CONFERENCE).id());
    if (i != 3) clock_.Advance(absl::Milliseconds(1));
  }
  v1::ListConferencesRequest request;
  request.set_page_size(2);
  Types seen;
  int pages = 0;
  do {
    const auto page = *core_->conferences().List(principal_, request);
    for (const C& room : page.result()) seen.push_back(room.id());
    request.set_page_token(page.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(seen, made);
  EXPECT_EQ(pages, 3);
  request.set_page_token(core_->conferences().List(principal_, request)->next_page_token());
  request.set_type(C::TYPE_CONNECT);
  EXPECT_EQ(ReasonOf(core_->conferences().List(principal_, request).status()), "INVALID_REQUEST_PARAMETER");
  request.clear_page_token();
  EXPECT_EQ(core_->conferences().List(principal_, request)->result_size(), 1);
  request.set_status(C::STATUS_TERMINATED);
  EXPECT_EQ(core_->conferences().List(principal_, request)->result_size(), 0);
  request.set_page_size(101);
  EXPECT_EQ(ReasonOf(core_->conferences().List(principal_, request).status()), "INVALID_REQUEST_PARAMETER");
}

TEST_F(ConferencesTest, TheTimeoutEndsItAndIsArmedAnew) {
  C asked;
  asked.set_timeout(60);
  C room = *CreateConference(asked);
  const v1::Call a = JoinedCall(room.id());
  Pass(absl::Seconds(30));
  room.set_timeout(100);
  ASSERT_TRUE(Replace(room).ok());
  Pass(absl::Seconds(69));
  EXPECT_EQ(Room(room.id()).status(), C::STATUS_PROGRESSING);
  // The deadline is kept over a restart.
  Restart();
  Connect();
  Pass(absl::Seconds(1));
  EXPECT_EQ(Room(room.id()).status(), C::STATUS_TERMINATED);
  EXPECT_EQ(Room(room.id()).end_reason(), C::END_REASON_TIMEOUT);
  EXPECT_EQ(Participant(a.id()).leave_reason(), P::LEAVE_REASON_CONFERENCE_ENDED);
}

TEST_F(ConferencesTest, ATimeoutThatIsPastEndsItAtOnce) {
  C room = Make();
  Pass(absl::Seconds(30));
  room.set_timeout(30);
  EXPECT_EQ(Replace(room)->status(), C::STATUS_TERMINATED);
}

}  // namespace
}  // namespace tutti::control
