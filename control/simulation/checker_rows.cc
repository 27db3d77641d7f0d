#include <map>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/principal.h"
#include "control/rules/times.h"
#include "control/simulation/checker.h"

// What holds of each row that is committed, and of those beside it.

namespace tutti::control::simulation {

using control::FromTimestamp;
using control::Lock;
using control::ToMicroseconds;
using control::Transaction;
using store::CallRecord;
using store::ConferencecallRecord;
using store::ConferenceRecord;
using C = v1::Conference;
using L = v1::Call;
using P = v1::Conferencecall;

namespace {

constexpr int kRowsMax = 100'000;

int Present(const ConferenceRecord& record) {
  return record.joining_count() + record.conference().participant_count() + record.leaving_count();
}

}  // namespace

void Checker::Note(std::vector<std::string>& ids, const std::string& id, int status, int64_t revision,
                   int64_t deadline_us, bool is_over) {
  const auto [place, is_new] = rows_.try_emplace(id);
  if (is_new) ids.push_back(id);
  Row& row = place->second;
  Expect(status >= row.status, absl::StrCat(id, " goes back from ", row.status, " to ", status));
  Expect(revision > row.revision, absl::StrCat(id, " was written at revision ", revision, " over ", row.revision));
  row = {status, revision, deadline_us};
  if (is_over) {
    live_.erase(id);
  } else {
    live_.insert(id);
  }
}

absl::Status Checker::CheckRows(Transaction& tx, const std::set<RowName>& rows) {
  std::set<std::string> rooms;
  controls_.Begin();
  for (const auto& [table, id] : rows) {
    if (table == "conferences") {
      rooms.insert(id);
    } else if (table == "conferencecalls") {
      TUTTI_ASSIGN_OR_RETURN(const auto record, tx.conferencecalls.Find(id, Lock::kNo));
      if (!record.has_value()) continue;
      rooms.insert(record->conferencecall().conference_id());
      TUTTI_RETURN_IF_ERROR(CheckParticipant(tx, *record));
    } else if (table == "calls") {
      TUTTI_ASSIGN_OR_RETURN(const auto record, tx.calls.Find(id, Lock::kNo));
      if (record.has_value()) TUTTI_RETURN_IF_ERROR(CheckCall(tx, *record));
    } else if (table == "recordings") {
      TUTTI_ASSIGN_OR_RETURN(const auto record, tx.recordings.Find(id, Lock::kNo));
      if (!record.has_value()) continue;
      rooms.insert(record->recording().reference_id());
      TUTTI_RETURN_IF_ERROR(CheckRecording(tx, *record));
    } else if (table == "transcribes") {
      TUTTI_ASSIGN_OR_RETURN(const auto record, tx.transcribes.Find(id, Lock::kNo));
      if (!record.has_value()) continue;
      rooms.insert(record->transcribe().reference_id());
      TUTTI_RETURN_IF_ERROR(CheckTranscribe(tx, *record));
    }
  }
  for (const std::string& id : rooms) {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.conferences.Find(id, Lock::kNo));
    if (record.has_value()) TUTTI_RETURN_IF_ERROR(CheckRoom(tx, *record));
  }
  controls_.End();
  return absl::OkStatus();
}

absl::Status Checker::CheckRoom(Transaction& tx, const ConferenceRecord& record) {
  const C& room = record.conference();
  const bool is_over = room.status() == C::STATUS_TERMINATED;
  const auto known = rows_.find(room.id());
  if (known == rows_.end() || known->second.revision != record.revision()) {
    Note(rooms_, room.id(), room.status(), record.revision(), record.deadline_at_us(), is_over);
  }
  const auto what = [&] { return absl::StrCat(world_.Name("room", room.id()), ": ", record.ShortDebugString()); };
  std::map<int, int> counts;
  bool somebody_left = false;
  // Those of one room are few.
  TUTTI_ASSIGN_OR_RETURN(const auto participants,
                         tx.conferencecalls.List({control::kDefaultCustomerId, room.id(), 0}, {}, kRowsMax));
  for (const auto& participant : participants) {
    const P& p = participant.conferencecall();
    ++counts[p.status()];
    somebody_left = somebody_left || (p.has_tm_joined() && p.status() >= P::STATUS_LEAVING);
  }
  Expect(record.joining_count() == counts[P::STATUS_JOINING] && room.participant_count() == counts[P::STATUS_JOINED] &&
             record.leaving_count() == counts[P::STATUS_LEAVING],
         "counts are not the rows' of ", what);
  const int inside = record.joining_count() + room.participant_count();
  if (room.type() == C::TYPE_CONNECT) {
    Expect(inside <= 2, "more than two in ", what);
    Expect(!somebody_left || room.status() >= C::STATUS_TERMINATING, "a peer left and nothing came of it: ", what);
  }
  Expect(room.status() >= C::STATUS_PROGRESSING, "a room that has not started: ", what);
  if (room.status() == C::STATUS_PROGRESSING) {
    const int64_t timeout_at =
        room.timeout() == 0 ? 0 : ToMicroseconds(FromTimestamp(room.tm_create()) + absl::Seconds(room.timeout()));
    Expect(record.deadline_at_us() == timeout_at, "the timeout is not armed: ", what);
    Expect(inside == 0 || record.bridge_wanted() == store::WANTED_PUT, "no bridge is wanted: ", what);
  } else {
    Expect(inside == 0, "somebody is in a room that ends: ", what);
  }
  if (room.status() == C::STATUS_TERMINATING) {
    Expect(record.deadline_at_us() != 0 && Present(record) > 0, "it hangs: ", what);
  }
  if (room.end_reason() == C::END_REASON_TIMEOUT) {
    Expect(room.timeout() != 0 &&
               FromTimestamp(room.tm_end()) >= FromTimestamp(room.tm_create()) + absl::Seconds(room.timeout()),
           "it timed out too early: ", what);
  }
  Expect(is_over == room.has_tm_delete() && (!is_over || (record.deadline_at_us() == 0 && Present(record) == 0)),
         "not as a room that is over: ", what);
  Expect(is_over == (CountOf("conference_deleted", room.id()) == 1), "conference_deleted: ", what);
  controls_.OnRoom(record, participants);
  return absl::OkStatus();
}

absl::Status Checker::CheckParticipant(Transaction& tx, const ConferencecallRecord& record) {
  const P& participant = record.conferencecall();
  const bool is_over = participant.status() == P::STATUS_LEAVED;
  const auto known = rows_.find(participant.id());
  const bool is_new = known == rows_.end();
  if (is_new || known->second.revision != record.revision()) {
    Note(participants_, participant.id(), participant.status(), record.revision(), record.deadline_at_us(), is_over);
  }
  const auto what = [&] {
    return absl::StrCat(world_.Name("part", participant.id()), ": ", record.ShortDebugString());
  };
  Expect((record.deadline_at_us() == 0) == is_over && participant.has_tm_leaved() == is_over,
         "not as a participant that is over, or that is not: ", what);
  Expect(participant.has_tm_joined() == (CountOf("conferencecall_joined", participant.id()) == 1),
         "conferencecall_joined: ", what);
  Expect(is_over == (CountOf("conferencecall_leaved", participant.id()) == 1), "conferencecall_leaved: ", what);
  TUTTI_ASSIGN_OR_RETURN(const auto room, tx.conferences.Find(participant.conference_id(), Lock::kNo));
  TUTTI_ASSIGN_OR_RETURN(const auto call, tx.calls.Find(participant.reference_id(), Lock::kNo));
  if (!room.has_value() || !call.has_value()) {
    Expect(false, "no room or call: ", what);
    return absl::OkStatus();
  }
  controls_.OnParticipant(tx, record, *call, *room, is_new);
  room_of_participant_[participant.id()] = participant.conference_id();
  const bool is_moved = participant.leave_reason() == P::LEAVE_REASON_MOVED;
  const std::string& own_id = is_moved ? call->moved_from_id() : call->flow().conferencecall_id();
  Expect((own_id == participant.id()) == !is_over || (is_moved && is_over), "its call is not with it: ", what);
  if (is_over) return absl::OkStatus();
  Expect(call->call().status() == L::STATUS_PROGRESSING, "its call does not go on: ", what);
  const bool is_inside = participant.status() <= P::STATUS_JOINED;
  // One who was moved away may be coming back.
  const bool is_in_pre_flow = is_inside && record.leg_revision() == 0;
  Expect(is_moved || is_in_pre_flow || (call->bridge_id() == participant.conference_id()) == is_inside,
         "the call's bridge is another one: ", what);
  Expect(!is_inside || room->node_id() == call->node_id(), "room and call are on two nodes: ", what);
  if (is_new) {
    const int inside = room->joining_count() + room->conference().participant_count();
    const int max = room->conference().max_participants();
    Expect(max == 0 || inside <= max, "the room was full: ", what);
  }
  return absl::OkStatus();
}

absl::Status Checker::CheckCall(Transaction& tx, const CallRecord& record) {
  const L& call = record.call();
  const bool is_over = call.status() == L::STATUS_HANGUP;
  const auto known = rows_.find(call.id());
  if (known == rows_.end() || known->second.revision != record.revision()) {
    Note(calls_, call.id(), call.status(), record.revision(), record.deadline_at_us(), is_over);
  }
  const auto what = [&] { return absl::StrCat(world_.Name("call", call.id()), ": ", record.ShortDebugString()); };
  Expect((record.deadline_at_us() == 0) == is_over && call.has_tm_hangup() == is_over,
         "not as a call that is over, or that is not: ", what);
  Expect((call.hangup_reason() != 0) == (call.status() >= L::STATUS_TERMINATING), "hangup_reason: ", what);
  Expect(is_over == (CountOf("call_hangup", call.id()) == 1), "call_hangup: ", what);
  flows_.OnCall(record);
  const std::string& participant_id = record.flow().conferencecall_id();
  switch (call.status()) {
    case L::STATUS_RINGING:
      Expect(record.leg_wanted() == store::WANTED_PUT, "no leg is wanted: ", what);
      break;
    case L::STATUS_PROGRESSING:
      Expect(record.leg_wanted() == store::WANTED_PUT && record.leg_accepted_at_us() != 0, "no leg is wanted: ", what);
      Expect(!participant_id.empty() || record.flow().wake_at_us() != 0, "its flow waits for nothing: ", what);
      break;
    case L::STATUS_TERMINATING:
      Expect(record.leg_wanted() == store::WANTED_REMOVE, "its leg may stay: ", what);
      break;
    default:
      Expect(record.leg_wanted() != store::WANTED_PUT, "its leg may stay: ", what);
      break;
  }
  if (call.status() >= L::STATUS_TERMINATING) {
    Expect(participant_id.empty(), "it is still in a room: ", what);
  } else if (!participant_id.empty()) {
    TUTTI_ASSIGN_OR_RETURN(const auto participant, tx.conferencecalls.Find(participant_id, Lock::kNo));
    Expect(participant.has_value() && participant->conferencecall().status() < P::STATUS_LEAVED,
           "it waits for a participant that has left: ", what);
  }
  return absl::OkStatus();
}

}  // namespace tutti::control::simulation
