#include "control/simulation/checker.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status.h"
#include "control/core/principal.h"
#include "control/core/times.h"

namespace tutti::control::simulation {

using control::FromTimestamp;
using control::Lock;
using control::ToMicroseconds;
using control::Transaction;
using store::CallRecord;
using store::ConferencecallRecord;
using store::ConferenceRecord;
using C = v1::Conference;
using P = v1::Conferencecall;
using L = v1::Call;

namespace {

// Clocks of replicas differ by as much.
constexpr absl::Duration kSkew = absl::Seconds(1);
// A node that is lost is known to be so as late.
constexpr absl::Duration kLostBefore = absl::Seconds(30);

// Of the leases, where there is but one replica.
constexpr char kOnlyOwner[] = "control";

constexpr int kEventsMax = 1'000;
constexpr int kRowsMax = 100'000;

std::string CustomerId() { return control::kDefaultCustomerId; }

int Present(const ConferenceRecord& record) {
  return record.joining_count() + record.conference().participant_count() + record.leaving_count();
}

}  // namespace

void Checker::Expect(bool holds, const std::string& what) {
  if (!holds) world_.Fail(what);
}

void Checker::Expect(bool holds, const char* rule, absl::FunctionRef<std::string()> what) {
  if (!holds) world_.Fail(absl::StrCat(rule, what()));
}

void Checker::OnCommit(const SimulatedDatabase::Commit& commit) {
  const std::string who =
      commit.attempt == 0 ? commit.replica : absl::StrCat(commit.replica, " (attempt ", commit.attempt + 1, ")");
  committer_ = commit.replica;
  absl::Status status = database_->Inspect([&](Transaction& tx) -> absl::Status {
    TUTTI_RETURN_IF_ERROR(CheckEvents(tx, who));
    return CheckRows(tx, commit.rows);
  });
  Expect(status.ok(), absl::StrCat("the store can't be read: ", status.ToString()));
}

absl::Status Checker::CheckEvents(Transaction& tx, const std::string& who) {
  TUTTI_ASSIGN_OR_RETURN(const auto stored, tx.outbox.ReadAll(CustomerId(), position_, kEventsMax));
  std::vector<std::string> told;
  for (const auto& entry : stored) {
    position_ = entry.position;
    const v1::Event& event = entry.event;
    CheckEvent(tx, event);
    if (event.has_conference()) {
      told.push_back(absl::StrCat(event.type(), " ", world_.Name("room", event.conference().id()), " (",
                                  event.conference().participant_count(), ")"));
    } else if (event.has_conferencecall()) {
      const P& p = event.conferencecall();
      told.push_back(absl::StrCat(event.type(), " ", world_.Name("part", p.id()), " of ",
                                  world_.Name("call", p.reference_id()), " in ", world_.Name("room", p.conference_id()),
                                  " ", p.leave_reason() == 0 ? "" : P::LeaveReason_Name(p.leave_reason())));
    } else if (event.has_recording()) {
      const v1::Recording& r = event.recording();
      told.push_back(absl::StrCat(event.type(), " ", world_.Name("recording", r.id()), " of ",
                                  world_.Name("room", r.reference_id())));
    } else if (event.has_transcribe()) {
      const v1::Transcribe& t = event.transcribe();
      told.push_back(absl::StrCat(event.type(), " ", world_.Name("transcribe", t.id()), " of ",
                                  world_.Name("room", t.reference_id())));
    } else if (event.has_transcript()) {
      told.push_back(absl::StrCat(event.type(), " ", event.transcript().message(), " of ",
                                  world_.Name("transcribe", event.transcript().transcribe_id())));
    } else {
      told.push_back(
          absl::StrCat(event.type(), " ", world_.Name("call", event.call().id()), " ",
                       event.call().hangup_reason() == 0 ? "" : L::HangupReason_Name(event.call().hangup_reason())));
    }
  }
  if (!told.empty()) world_.Tell(absl::StrCat(who, " commits ", absl::StrJoin(told, "; ")));
  return absl::OkStatus();
}

void Checker::CheckEvent(Transaction& tx, const v1::Event& event) {
  ++counts_[event.type()];
  const auto what = [&] { return event.ShortDebugString(); };
  Expect(event.sequence() == ++streams_[event.stream()], "a hole in a stream: ", what);
  Expect(event_ids_.insert(event.id()).second, "an event twice: ", what);
  const bool is_text = event.has_transcribe() || event.has_transcript();
  // Files may be finished and texts may come after the room's end.
  Expect(!ended_streams_.contains(event.stream()) || event.has_recording() || is_text,
         "an event after the end: ", what);
  if (event.has_recording()) return CheckRecordingEvent(event);
  if (is_text) return CheckTranscribeEvent(event);
  std::string id;
  int status = 0;
  if (event.has_conference()) {
    id = event.conference().id();
    status = event.conference().status();
    if (event.type() == "conference_deleted") ended_streams_.insert(event.stream());
  } else if (event.has_conferencecall()) {
    id = event.conferencecall().id();
    status = event.conferencecall().status();
    if (event.type() == "conferencecall_leaved") CheckLeave(tx, event.conferencecall());
  } else {
    id = event.call().id();
    status = event.call().status();
    if (event.type() == "call_terminating" || event.type() == "call_hangup") CheckHangup(tx, event.call());
    if (event.type() == "call_hangup") ended_streams_.insert(event.stream());
  }
  Expect(status >= event_status_[id], "an event goes back: ", what);
  event_status_[id] = status;
  const int times = ++effects_[event.type()][id];
  const bool may_repeat = event.type() == "conference_updated" || event.type() == "call_updated";
  Expect(times == 1 || may_repeat, "an effect twice: ", what);
  if (event.type() == "conferencecall_joined") {
    Expect(CountOf("conferencecall_leaved", id) == 0 && CountOf("conferencecall_joining", id) == 1,
           "joined out of order: ", what);
  }
}

int Checker::CountOf(const std::string& type, const std::string& id) const {
  const auto by_id = effects_.find(type);
  if (by_id == effects_.end()) return 0;
  const auto found = by_id->second.find(id);
  return found == by_id->second.end() ? 0 : found->second;
}

SimulatedNode* Checker::FindNode(const std::string& id) const {
  for (const auto& node : nodes_) {
    if (node->id() == id) return node.get();
  }
  return nullptr;
}

// A call ends for a reason that there is.
void Checker::CheckHangup(Transaction& tx, const L& call) {
  ++counts_[L::HangupReason_Name(call.hangup_reason())];
  const auto record = tx.calls.Find(call.id(), Lock::kNo);
  if (!record.ok() || !record->has_value()) return world_.Fail("a call is not there");
  const SimulatedNode& node = *FindNode((*record)->node_id());
  if (call.hangup_reason() == L::HANGUP_REASON_MEDIA_NODE_LOST && event_status_[call.id()] < L::STATUS_TERMINATING &&
      call.status() == L::STATUS_HANGUP) {
    // That a leg is gone is said by the node's watcher alone.
    const auto watched = tx.media_nodes.Find(node.id());
    const bool is_owner = watched.ok() && watched->has_value() &&
                          ((*watched)->owner == kOnlyOwner || absl::StartsWith((*watched)->owner, committer_ + "-"));
    Expect(is_owner, "another than the watcher gave a node up: ", [&] { return call.ShortDebugString(); });
  }
  const absl::Duration age = world_.Now() - FromTimestamp(call.tm_create());
  bool has_cause = true;
  switch (call.hangup_reason()) {
    case L::HANGUP_REASON_MEDIA_FAILED:
      // Or it had been accepted so shortly before the node started anew that the
      // first snapshot was not believed, and the second one is of the same epoch.
      has_cause = node.HasRefused(call.id(), 0) || world_.Elapsed() - node.started_at() < age;
      break;
    case L::HANGUP_REASON_MEDIA_TIMEOUT:
      has_cause = node.HasTimedOut(call.id());
      break;
    case L::HANGUP_REASON_MEDIA_NODE_LOST:
      // While the call was there, or not long before.
      has_cause = world_.Elapsed() - node.last_lost() <= age + kLostBefore;
      break;
    case L::HANGUP_REASON_SETUP_TIMEOUT:
      has_cause = age >= absl::Seconds(30) - kSkew;
      break;
    case L::HANGUP_REASON_MAX_AGE:
      has_cause = false;
      break;
    default:
      break;
  }
  Expect(has_cause, "a call ended without the cause that it names: ", [&] { return call.ShortDebugString(); });
}

void Checker::CheckLeave(Transaction& tx, const P& participant) {
  ++counts_[P::LeaveReason_Name(participant.leave_reason())];
  const auto call = tx.calls.Find(participant.reference_id(), Lock::kNo);
  const auto record = tx.conferencecalls.Find(participant.id(), Lock::kNo);
  if (!call.ok() || !call->has_value() || !record.ok() || !record->has_value()) {
    return world_.Fail("a participant or its call is not there");
  }
  const SimulatedNode& node = *FindNode((*call)->node_id());
  bool has_cause = true;
  switch (participant.leave_reason()) {
    case P::LEAVE_REASON_UNSPECIFIED:
    case P::LEAVE_REASON_HEALTH_CHECK:
      has_cause = false;
      break;
    case P::LEAVE_REASON_JOIN_TIMEOUT:
      has_cause = world_.Now() - FromTimestamp(participant.tm_create()) >= absl::Seconds(30) - kSkew;
      break;
    case P::LEAVE_REASON_MEDIA_FAILED:
      // Or a re-offer made the leg anew on a node that has started since; it is not yet in the bridge.
      has_cause = node.HasRefused(participant.reference_id(), (*record)->leg_revision()) ||
                  world_.Elapsed() - node.started_at() < world_.Now() - FromTimestamp(participant.tm_create());
      // With one node a room that lives is never refused its bridge.
      if (nodes_.size() == 1 && node.HasRefused(participant.conference_id(), 0)) has_cause = false;
      break;
    default:
      break;
  }
  Expect(has_cause,
         "a participant left without the cause that it names: ", [&] { return (*record)->ShortDebugString(); });
}

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
  TUTTI_ASSIGN_OR_RETURN(const auto participants, tx.conferencecalls.List({CustomerId(), room.id(), 0}, {}, kRowsMax));
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
  Expect((call->flow().conferencecall_id() == participant.id()) == !is_over, "its call is not with it: ", what);
  if (is_over) return absl::OkStatus();
  Expect(call->call().status() == L::STATUS_PROGRESSING, "its call does not go on: ", what);
  const bool is_inside = participant.status() <= P::STATUS_JOINED;
  Expect((call->bridge_id() == participant.conference_id()) == is_inside, "the call's bridge is another one: ", what);
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
