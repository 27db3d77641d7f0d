#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/principal.h"
#include "control/rules/times.h"
#include "control/simulation/checker.h"

// What is looked at as a whole: all rows, and the nodes beside them.

namespace tutti::control::simulation {

using control::FromTimestamp;
using control::Lock;
using control::Transaction;
using store::CallRecord;
using C = v1::Conference;
using L = v1::Call;
using P = v1::Conferencecall;

namespace {

// A deadline is met that soon where nothing is in the way.
constexpr absl::Duration kOverdueMax = absl::Seconds(5);
// After trouble, until everything goes its way again.
constexpr absl::Duration kTroubleAfter = absl::Seconds(12);
// What a state that waits for a node takes where nothing is in the way.
constexpr absl::Duration kTransitMax = absl::Seconds(8);
// What only the reconciler finds.
constexpr absl::Duration kReconciled = absl::Seconds(35);

bool IsInPreFlow(const store::ConferencecallRecord& record) {
  return record.conferencecall().status() == P::STATUS_JOINING && record.leg_revision() == 0;
}

template <typename Resource>
absl::Duration Since(const World& world, const Resource& resource) {
  return world.Now() - FromTimestamp(resource.tm_update());
}

}  // namespace

void Checker::CheckDeadlines(absl::Duration trouble_at) {
  if (world_.Elapsed() - trouble_at < kTroubleAfter) return;
  const int64_t overdue_us = control::ToMicroseconds(world_.Now() - kOverdueMax);
  for (const std::string& id : live_) {
    const Row& row = rows_.at(id);
    Expect(row.deadline_us == 0 || row.deadline_us > overdue_us, absl::StrCat(id, " is past its deadline"));
  }
}

void Checker::CheckLost(const std::string& node_id) {
  absl::Status status = database_->Inspect([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto ids, tx.calls.FindByNode(node_id));
    for (const std::string& id : ids) {
      TUTTI_ASSIGN_OR_RETURN(const auto call, tx.calls.Find(id, Lock::kNo));
      Expect(call->call().status() != L::STATUS_PROGRESSING || Since(world_, call->call()) < kTransitMax,
             absl::StrCat("a call goes on at a lost node: ", world_.Name("call", id)));
    }
    return absl::OkStatus();
  });
  Expect(status.ok(), absl::StrCat("the store can't be read: ", status.ToString()));
}

void Checker::CheckProgress() {
  absl::Status status = database_->Inspect([&](Transaction& tx) -> absl::Status {
    for (const std::string& id : live_) {
      TUTTI_ASSIGN_OR_RETURN(const auto call, tx.calls.Find(id, Lock::kNo));
      if (call.has_value()) {
        flows_.CheckProgress(*call);
        const L& c = call->call();
        Expect(c.status() == L::STATUS_PROGRESSING || Since(world_, c) < kTransitMax,
               "a call hangs: ", [&] { return absl::StrCat(world_.Name("call", id), " ", call->ShortDebugString()); });
      }
      TUTTI_ASSIGN_OR_RETURN(const auto recording, tx.recordings.Find(id, Lock::kNo));
      if (recording.has_value()) {
        const v1::Recording& r = recording->recording();
        const bool waits =
            r.status() == v1::Recording::STATUS_INITIATING || r.status() == v1::Recording::STATUS_STOPPING;
        Expect(!waits || Since(world_, r) < kTransitMax, "a recording hangs: ", [&] {
          return absl::StrCat(world_.Name("recording", id), " ", recording->ShortDebugString());
        });
      }
      TUTTI_ASSIGN_OR_RETURN(const auto participant, tx.conferencecalls.Find(id, Lock::kNo));
      if (participant.has_value()) {
        const P& p = participant->conferencecall();
        const bool waits = p.status() != P::STATUS_JOINED && !IsInPreFlow(*participant);
        Expect(!waits || Since(world_, p) < kTransitMax, "a participant hangs: ", [&] {
          return absl::StrCat(world_.Name("part", id), " ", p.ShortDebugString());
        });
      }
    }
    return absl::OkStatus();
  });
  Expect(status.ok(), absl::StrCat("the store can't be read: ", status.ToString()));
}

void Checker::CheckAgreement() {
  CheckProgress();
  flows_.CheckAsked();
  absl::Status status = database_->Inspect([&](Transaction& tx) -> absl::Status {
    for (const std::string& id : live_) {
      TUTTI_ASSIGN_OR_RETURN(const auto call, tx.calls.Find(id, Lock::kNo));
      if (call.has_value()) CheckCallIsThere(tx, *call);
    }
    CheckNodes(tx);
    return absl::OkStatus();
  });
  Expect(status.ok(), absl::StrCat("the store can't be read: ", status.ToString()));
}

// A call's leg is on its node, in its bridge.
void Checker::CheckCallIsThere(Transaction& tx, const CallRecord& record) {
  const L& call = record.call();
  if (Since(world_, call) < kTransitMax) return;
  const auto what = [&] { return absl::StrCat(world_.Name("call", call.id()), " ", record.ShortDebugString()); };
  Expect(!record.has_reoffer(), "a re-offer hangs: ", what);
  SimulatedNode* node = FindNode(record.node_id());
  const auto leg = node->media().legs.find(call.id());
  if (leg == node->media().legs.end()) return Expect(false, "its leg is not there: ", what);
  Expect(!leg->second.media_timed_out(), "a silent call goes on: ", what);
  Expect(leg->second.bridge_id() == record.bridge_id(), "its leg is in another bridge: ", what);
  Expect(leg->second.revision() == record.leg_revision(), "its leg has another revision: ", what);
  controls_.CheckLeg(tx, record, node->media().settings[call.id()]);
  const std::string answer = absl::StrCat("v=0 answer ", leg->second.answer().sections(0).rtp_port(), " ");
  Expect(absl::StartsWith(call.sdp_answer(), answer), "its caller was told of another leg: ", what);
  if (record.bridge_id().empty()) return;
  const auto participant = tx.conferencecalls.Find(record.flow().conferencecall_id(), Lock::kNo);
  Expect(participant.ok() && participant->has_value() &&
             (*participant)->conferencecall().conference_id() == record.bridge_id(),
         "it is in a bridge and no participant: ", what);
}

void Checker::CheckLeg(Transaction& tx, const SimulatedNode& node, const media::v1::LegState& leg) {
  const auto call = tx.calls.Find(leg.leg_id(), Lock::kNo);
  if (!call.ok()) return world_.Fail(call.status().ToString());
  const auto what = [&] { return absl::StrCat(world_.Name("call", leg.leg_id()), " on ", node.id()); };
  if (!call->has_value()) return Expect(false, "an unknown leg: ", what);
  if (Since(world_, (*call)->call()) < kTransitMax) return;
  Expect((*call)->leg_wanted() == store::WANTED_PUT && (*call)->node_id() == node.id(),
         "a leg that nobody wants: ", what);
}

void Checker::CheckNodes(Transaction& tx) {
  for (const auto& node : nodes_) {
    for (const auto& [id, leg] : node->media().legs) CheckLeg(tx, *node, leg);
    CheckRecordings(tx, *node);
    for (const auto& [id, bridge] : node->media().bridges) {
      const auto room = tx.conferences.Find(id, Lock::kNo);
      if (!room.ok() || !room->has_value()) return world_.Fail(absl::StrCat("an unknown bridge: ", id));
      // What a room has left behind the next reconciliation removes; but not that of
      // one that had given the node up and may come back to it.
      if ((*room)->bridge_wanted() == store::WANTED_PUT && (*room)->node_id() == node->id()) {
        controls_.CheckBridge(**room, node->media().puts[id]);
        continue;
      }
      if (Since(world_, (*room)->conference()) < kReconciled) continue;
      if ((*room)->node_id().empty() && (*room)->conference().status() == C::STATUS_PROGRESSING) continue;
      world_.Fail(absl::StrCat("a bridge that nobody wants: ", world_.Name("room", id), " on ", node->id(), " ",
                               (*room)->ShortDebugString()));
    }
  }
}

void Checker::CheckEnd() {
  const absl::Status read = database_->Inspect([&](Transaction& tx) {
    CheckTexts(tx);
    return absl::OkStatus();
  });
  Expect(read.ok(), absl::StrCat("the store can't be read: ", read.ToString()));
  std::string left;
  for (const std::string& id : live_) absl::StrAppend(&left, world_.Name("row", id), " (", rows_.at(id).status, ") ");
  Expect(live_.empty(), absl::StrCat("never ended: ", left));
  for (const auto& node : nodes_) {
    for (const auto& [id, leg] : node->media().legs) {
      world_.Fail(absl::StrCat("a leg is left on ", node->id(), ": ", world_.Name("call", id)));
    }
    for (const auto& [id, bridge] : node->media().bridges) {
      world_.Fail(absl::StrCat("a bridge is left on ", node->id(), ": ", world_.Name("room", id)));
    }
  }
  for (const auto& [stream, sequence] : streams_) {
    Expect(ended_streams_.contains(stream), absl::StrCat("a stream without its last event: ", stream));
  }
}

}  // namespace tutti::control::simulation
