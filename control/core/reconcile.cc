#include "control/core/reconcile.h"

#include <map>
#include <set>
#include <utility>

#include "common/status/status.h"
#include "control/core/media_nodes.h"
#include "control/core/media_reports.h"
#include "control/core/node_lease.h"
#include "control/rules/times.h"

// The store and a media node, brought together. What differs is looked for in a
// read, and mended by one step each that looks again.

namespace tutti::control {
namespace {

using store::CallRecord;
using store::ConferenceRecord;
using L = v1::Call;
using P = v1::Conferencecall;

// Whether the participant can hear of its leg's absence from the snapshot.
bool JoinedBefore(const store::ConferencecallRecord& record, absl::Time known_until) {
  const P& participant = record.conferencecall();
  return participant.status() == P::STATUS_JOINED && FromTimestamp(participant.tm_joined()) < known_until;
}

bool AcceptedBefore(const CallRecord& call, absl::Time known_until) {
  return call.leg_accepted_at_us() != 0 && call.leg_accepted_at_us() < ToMicroseconds(known_until);
}

absl::Status CompareLeg(Transaction& tx, const std::string& node_id, const media::v1::LegState& state,
                        Differences& differences) {
  TUTTI_ASSIGN_OR_RETURN(const auto call, tx.calls.Find(state.leg_id(), Lock::kNo));
  if (!call.has_value()) {
    differences.unknown.legs.push_back({node_id, state.leg_id(), state.revision() + 1, true});
    return absl::OkStatus();
  }
  const MediaRef ref{node_id, state.leg_id(), call->leg_revision()};
  if (call->node_id() != node_id || call->leg_wanted() == store::WANTED_NONE) {
    const int64_t revision = std::max(state.revision(), call->leg_revision()) + 1;
    differences.ended.legs.push_back({node_id, state.leg_id(), revision, true});
    return absl::OkStatus();
  }
  if (call->leg_wanted() == store::WANTED_REMOVE || state.revision() < call->leg_revision()) {
    differences.repeats.legs.push_back(ref);
  }
  // The end of its sound may be among them.
  if (differences.events_lost && call->flow().operation().has_play()) {
    differences.repeats.operations.push_back(state.leg_id());
  }
  bool settled = call->call().status() != L::STATUS_RINGING && !call->has_reoffer() && !state.media_timed_out() &&
                 !state.stream_closed() && !IsReplaced(*call, state);
  if (!call->flow().conferencecall_id().empty()) {
    TUTTI_ASSIGN_OR_RETURN(const auto participant,
                           tx.conferencecalls.Find(call->flow().conferencecall_id(), Lock::kNo));
    settled = settled && participant.has_value() && participant->conferencecall().status() == P::STATUS_JOINED &&
              participant->conferencecall().conference_id() == state.bridge_id();
  }
  if (!settled) differences.calls.push_back(state.leg_id());
  return absl::OkStatus();
}

absl::Status CompareMissingLeg(Transaction& tx, const std::string& call_id, absl::Time known_until,
                               Differences& differences) {
  TUTTI_ASSIGN_OR_RETURN(const auto call, tx.calls.Find(call_id, Lock::kNo));
  if (!call.has_value()) return absl::OkStatus();
  // A call that hung up when its node did not answer wants a removal that is done.
  const bool is_accepted = call->leg_wanted() == store::WANTED_PUT && call->leg_accepted_at_us() != 0;
  const bool is_lost = is_accepted && AcceptedBefore(*call, known_until);
  if (is_lost || (is_accepted && differences.epoch_changed)) differences.calls.push_back(call_id);
  if (!is_lost) differences.repeats.legs.push_back({call->node_id(), call_id, call->leg_revision()});
  return absl::OkStatus();
}

absl::Status CompareBridge(Transaction& tx, const std::string& node_id, const media::v1::BridgeState& state,
                           Differences& differences) {
  TUTTI_ASSIGN_OR_RETURN(const auto conference, tx.conferences.Find(state.bridge_id(), Lock::kNo));
  if (!conference.has_value()) {
    differences.unknown.bridges.push_back({node_id, state.bridge_id(), state.revision() + 1, true});
  } else if (conference->node_id().empty() && conference->conference().status() == v1::Conference::STATUS_PROGRESSING) {
    // Of a room that had given this node up as lost. Once removed, the room could
    // not come back here.
  } else if (conference->node_id() != node_id || conference->bridge_wanted() == store::WANTED_NONE) {
    const int64_t revision = std::max(state.revision(), conference->bridge_revision()) + 1;
    differences.ended.bridges.push_back({node_id, state.bridge_id(), revision, true});
  } else if (conference->bridge_wanted() == store::WANTED_REMOVE || state.revision() < conference->bridge_revision()) {
    differences.repeats.bridges.push_back({node_id, state.bridge_id(), conference->bridge_revision()});
  }
  return absl::OkStatus();
}

absl::Status CompareMissingBridge(Transaction& tx, const std::string& conference_id, Differences& differences) {
  TUTTI_ASSIGN_OR_RETURN(const auto conference, tx.conferences.Find(conference_id, Lock::kNo));
  if (!conference.has_value()) return absl::OkStatus();
  if (conference->bridge_wanted() == store::WANTED_PUT) {
    differences.repeats.bridges.push_back({conference->node_id(), conference_id, conference->bridge_revision()});
  } else {
    differences.bridges_gone.push_back(conference_id);
  }
  return absl::OkStatus();
}

// What the store learnt before this must be in the snapshot. Other replicas' clocks
// wrote down when that was.
absl::Time KnownUntil(const Steps& steps, const NodeSnapshot& snapshot) {
  return snapshot.requested_at - steps.options().clock_difference_max;
}

absl::Status Compare(Transaction& tx, const std::string& node_id, const NodeSnapshot& snapshot, absl::Time known_until,
                     const std::map<std::string, const media::v1::LegState*>& legs, Differences& differences) {
  TUTTI_ASSIGN_OR_RETURN(const auto node, tx.media_nodes.Find(node_id));
  // Of a node that was given up nothing is known.
  differences.epoch_changed = node.has_value() && node->epoch != snapshot.epoch;
  differences.events_lost = node.has_value() && node->epoch == snapshot.epoch && node->sequence < snapshot.sequence;
  for (const auto& [id, state] : legs) TUTTI_RETURN_IF_ERROR(CompareLeg(tx, node_id, *state, differences));
  TUTTI_ASSIGN_OR_RETURN(const auto calls, tx.calls.FindByNode(node_id));
  for (const std::string& id : calls) {
    if (legs.contains(id)) continue;
    TUTTI_RETURN_IF_ERROR(CompareMissingLeg(tx, id, known_until, differences));
  }
  std::set<std::string> bridges;
  for (const media::v1::BridgeState& state : snapshot.bridges) {
    bridges.insert(state.bridge_id());
    TUTTI_RETURN_IF_ERROR(CompareBridge(tx, node_id, state, differences));
  }
  TUTTI_ASSIGN_OR_RETURN(const auto conferences, tx.conferences.FindByNode(node_id));
  for (const std::string& id : conferences) {
    if (!bridges.contains(id)) TUTTI_RETURN_IF_ERROR(CompareMissingBridge(tx, id, differences));
  }
  return CompareJobs(tx, node_id, snapshot, known_until, differences);
}

absl::Status MendCall(Steps& steps, Work& work, Rules& rules, const std::string& node_id, const std::string& call_id,
                      const std::optional<media::v1::LegState>& state, absl::Time known_until, bool epoch_changed) {
  TUTTI_ASSIGN_OR_RETURN(CallRecord * call, work.Call(call_id));
  if (call == nullptr || call->node_id() != node_id) return absl::OkStatus();
  if (!state.has_value()) {
    if (call->leg_wanted() != store::WANTED_PUT || call->leg_accepted_at_us() == 0) return absl::OkStatus();
    work.Touch(*call);
    if (!AcceptedBefore(*call, known_until)) {
      // Before the node started or after: the next snapshot, of the same epoch, tells.
      call->set_accepted_about_restart(epoch_changed);
      return absl::OkStatus();
    }
    call->set_leg_wanted(store::WANTED_NONE);
    const bool is_node_lost = epoch_changed || call->accepted_about_restart();
    return rules.EndCall(*call, CallEvent::kLegGone, L::HANGUP_BY_LOCAL,
                         is_node_lost ? L::HANGUP_REASON_MEDIA_NODE_LOST : L::HANGUP_REASON_MEDIA_FAILED);
  }
  bool detached = false;
  if (!call->flow().conferencecall_id().empty()) {
    TUTTI_ASSIGN_OR_RETURN(const auto* participant, work.Conferencecall(call->flow().conferencecall_id()));
    detached = participant != nullptr && JoinedBefore(*participant, known_until);
  }
  return ApplyLegState(steps.answer_writer(), work, rules, node_id, *state, detached);
}

void Append(std::vector<MediaRef>&& from, std::vector<MediaRef>& to) {
  for (MediaRef& ref : from) to.push_back(std::move(ref));
}

// What the node must be told.
void SendDifferences(Steps& steps, Strays& strays, const std::string& node_id, Differences differences) {
  Effects effects = std::move(differences.repeats);
  Effects unknown = strays.TakeOld(node_id, std::move(differences.unknown), steps.Now(), steps.options().stray_age_min);
  for (Effects* removed : {&differences.ended, &unknown}) {
    Append(std::move(removed->legs), effects.legs);
    Append(std::move(removed->bridges), effects.bridges);
    Append(std::move(removed->recordings), effects.recordings);
    Append(std::move(removed->transcriptions), effects.transcriptions);
  }
  if (!effects.empty()) steps.sink().OnCommit(std::move(effects));
}

// The node has no such bridge any more.
absl::Status ForgetBridge(Work& work, const std::string& node_id, const std::string& conference_id) {
  TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * conference, work.Conference(conference_id));
  if (conference == nullptr || conference->node_id() != node_id) return absl::OkStatus();
  work.Touch(*conference);
  conference->set_bridge_wanted(store::WANTED_NONE);
  conference->clear_node_id();
  return absl::OkStatus();
}

}  // namespace

void MediaNodes::Reconcile(const NodeLease& lease, const NodeSnapshot& snapshot, DoneStatus done) {
  std::map<std::string, const media::v1::LegState*> legs;
  for (const media::v1::LegState& state : snapshot.legs) legs[state.leg_id()] = &state;
  const absl::Time known_until = KnownUntil(steps_, snapshot);
  auto differences = std::make_shared<Differences>();
  absl::Status status = steps_.Read(
      [&](Transaction& tx) { return Compare(tx, lease.node_id, snapshot, known_until, legs, *differences); });
  if (!status.ok()) return done(status);

  std::vector<Steps::Rule> rules = MendJobs(lease, snapshot, known_until, *differences);
  for (const std::string& id : differences->calls) {
    const auto found = legs.find(id);
    std::optional<media::v1::LegState> state;
    if (found != legs.end()) state = *found->second;
    rules.push_back([&steps = steps_, lease, id, state, known_until, epoch_changed = differences->epoch_changed](
                        Work& work, Rules& rules) -> absl::Status {
      TUTTI_RETURN_IF_ERROR(HoldLease(work, lease));
      return MendCall(steps, work, rules, lease.node_id, id, state, known_until, epoch_changed);
    });
  }
  for (const std::string& id : differences->bridges_gone) {
    rules.push_back([lease, id](Work& work, Rules&) -> absl::Status {
      TUTTI_RETURN_IF_ERROR(HoldLease(work, lease));
      TUTTI_ASSIGN_OR_RETURN(const ConferenceRecord* conference, work.Conference(id));
      const bool wanted = conference != nullptr && conference->bridge_wanted() == store::WANTED_PUT;
      return wanted ? absl::OkStatus() : ForgetBridge(work, lease.node_id, id);
    });
  }
  steps_.RunEach(std::move(rules), [this, lease, epoch = snapshot.epoch, sequence = snapshot.sequence, differences,
                                    done = std::move(done)](const absl::StatusOr<int>& mended) {
    if (!mended.ok()) return done(mended.status());
    // Last: with it the snapshot is in the store, and events go on from there.
    steps_.Run(
        [lease, epoch, sequence](Work& work, Rules&) -> absl::Status {
          TUTTI_ASSIGN_OR_RETURN(const auto node, work.tx().media_nodes.Find(lease.node_id));
          // Events that came meanwhile are ahead of the snapshot and stay so.
          const bool ahead = node.has_value() && node->epoch == epoch && node->sequence > sequence;
          return SetNodeSequence(work, lease, epoch, ahead ? node->sequence : sequence);
        },
        [this, node_id = lease.node_id, differences, done](absl::Status result) {
          if (result.ok()) SendDifferences(steps_, strays_, node_id, std::move(*differences));
          done(std::move(result));
        });
  });
}

void MediaNodes::GiveUp(const NodeLease& lease, DoneStatus done) {
  std::vector<std::string> calls;
  std::vector<std::string> conferences;
  std::vector<std::string> recordings;
  std::vector<std::string> transcribes;
  absl::Status status = steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(calls, tx.calls.FindByNode(lease.node_id));
    TUTTI_ASSIGN_OR_RETURN(conferences, tx.conferences.FindByNode(lease.node_id));
    TUTTI_ASSIGN_OR_RETURN(recordings, tx.recordings.FindByNode(lease.node_id));
    TUTTI_ASSIGN_OR_RETURN(transcribes, tx.transcribes.FindByNode(lease.node_id));
    return absl::OkStatus();
  });
  if (!status.ok()) return done(status);
  std::vector<Steps::Rule> hangups;
  for (const std::string& id : recordings) {
    hangups.push_back([lease, id](Work& work, Rules& rules) -> absl::Status {
      TUTTI_RETURN_IF_ERROR(HoldLease(work, lease));
      return LoseRecording(work, rules, lease.node_id, id);
    });
  }
  for (const std::string& id : transcribes) {
    hangups.push_back([lease, id](Work& work, Rules& rules) -> absl::Status {
      TUTTI_RETURN_IF_ERROR(HoldLease(work, lease));
      return LoseTranscribe(work, rules, lease.node_id, id);
    });
  }
  for (const std::string& id : calls) {
    hangups.push_back([lease, id](Work& work, Rules& rules) -> absl::Status {
      TUTTI_RETURN_IF_ERROR(HoldLease(work, lease));
      TUTTI_ASSIGN_OR_RETURN(CallRecord * call, work.Call(id));
      if (call == nullptr || call->node_id() != lease.node_id || call->leg_wanted() == store::WANTED_NONE) {
        return absl::OkStatus();
      }
      work.Touch(*call);
      call->set_leg_wanted(store::WANTED_NONE);
      return rules.EndCall(*call, CallEvent::kLegGone, L::HANGUP_BY_LOCAL, L::HANGUP_REASON_MEDIA_NODE_LOST);
    });
  }
  std::vector<Steps::Rule> forgets;
  for (const std::string& id : conferences) {
    forgets.push_back([lease, id](Work& work, Rules&) -> absl::Status {
      TUTTI_RETURN_IF_ERROR(HoldLease(work, lease));
      TUTTI_ASSIGN_OR_RETURN(const ConferenceRecord* conference, work.Conference(id));
      // One who has come since then needs the bridge, until the next call ends that one, too.
      const bool is_used =
          conference != nullptr &&
          (conference->joining_count() + conference->conference().participant_count() > 0 ||
           !conference->conference().recording_id().empty() || !conference->conference().transcribe_id().empty());
      return is_used ? absl::OkStatus() : ForgetBridge(work, lease.node_id, id);
    });
  }
  steps_.RunEach(std::move(hangups), [&steps = steps_, lease, forgets = std::move(forgets),
                                      done = std::move(done)](const absl::StatusOr<int>& hung_up) mutable {
    if (!hung_up.ok()) return done(hung_up.status());
    steps.RunEach(std::move(forgets), [&steps, lease, done = std::move(done)](const absl::StatusOr<int>& forgotten) {
      if (!forgotten.ok()) return done(forgotten.status());
      // Its events mean nothing any more: when it is back, a snapshot is needed.
      steps.Run([lease](Work& work, Rules&) { return SetNodeSequence(work, lease, "", 0); }, done);
    });
  });
}

}  // namespace tutti::control
