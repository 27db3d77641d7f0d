#include "control/simulation/checker.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status.h"
#include "control/core/principal.h"
#include "control/rules/times.h"

namespace tutti::control::simulation {

using control::FromTimestamp;
using control::Lock;
using control::Transaction;
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
  TUTTI_ASSIGN_OR_RETURN(const auto stored, tx.outbox.ReadAll(control::kDefaultCustomerId, position_, kEventsMax));
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
    } else if (event.has_flow()) {
      told.push_back(absl::StrCat(event.type(), " ", world_.Name("flow", event.flow().id())));
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
  Expect(!ended_streams_.contains(event.stream()) || event.has_recording() || is_text || event.has_flow(),
         "an event after the end: ", what);
  if (event.has_flow()) {
    if (event.type() == "flow_created") flow_ids_.push_back(event.flow().id());
    ended_streams_.insert(event.stream());
    return;
  }
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
  const bool may_repeat = event.type() == "conference_updated" || event.type() == "call_updated" ||
                          event.type() == "conferencecall_updated";
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
      has_cause = node.HasRefused(call.id(), 0);
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

std::vector<std::string> Checker::PeersOf(const std::string& participant_id) const {
  std::vector<std::string> peers;
  const auto own = room_of_participant_.find(participant_id);
  for (const auto& [id, room] : room_of_participant_) {
    if (own != room_of_participant_.end() && id != participant_id && room == own->second && live_.contains(id)) {
      peers.push_back(id);
    }
  }
  return peers;
}

}  // namespace tutti::control::simulation
