#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/core_impl.h"
#include "control/core/times.h"
#include "control/core/validate.h"

// What the media plane is told, and what it tells.

namespace tutti::control {
namespace {

using store::CallRecord;
using store::ConferenceRecord;
using L = v1::Call;

// The version of a call's first answer.
constexpr int64_t kFirstAnswer = 1;

absl::Status LeaseLost(const NodeLease& lease) {
  return Error(absl::StatusCode::kAborted, "LEASE_LOST",
               absl::StrCat("another owner watches media node ", lease.node_id, " now"));
}

// The call whose leg is on that node; null for a stray one.
absl::StatusOr<CallRecord*> FindLegCall(Work& work, const std::string& node_id, const std::string& leg_id) {
  TUTTI_ASSIGN_OR_RETURN(CallRecord * call, work.Call(leg_id));
  return call != nullptr && call->node_id() == node_id ? call : nullptr;
}

// What the controls of the call and of its participant come to for the leg.
absl::Status ReadSettings(Transaction& tx, const CallRecord& call, media::v1::PutLegRequest& put) {
  TUTTI_ASSIGN_OR_RETURN(const auto record, tx.conferencecalls.Find(call.flow().conferencecall_id(), Lock::kNo));
  if (!record.has_value()) return absl::OkStatus();
  const v1::Conferencecall& participant = record->conferencecall();
  media::v1::LegSettings& settings = *put.mutable_settings();
  settings.set_muted(participant.muted() || call.call().muted());
  settings.set_deaf(participant.deaf());
  settings.set_on_hold(participant.on_hold() || call.call().on_hold());
  settings.set_volume_db(participant.volume_db());
  if (participant.coach_target_id().empty()) return absl::OkStatus();
  // One whose target has left is heard by nobody, not by all: no leg has a participant's id.
  TUTTI_ASSIGN_OR_RETURN(const auto target, tx.conferencecalls.Find(participant.coach_target_id(), Lock::kNo));
  const bool is_there = target.has_value() && Next(target->conferencecall(), ParticipantEvent::kUpdate).ok();
  settings.add_heard_only_by(is_there ? target->conferencecall().reference_id() : participant.coach_target_id());
  return absl::OkStatus();
}

absl::Status ApplyLegGone(Work& work, Rules& rules, CallRecord& call, const media::v1::LegStatistics* statistics) {
  work.Touch(call);
  if (statistics != nullptr) *call.mutable_call()->mutable_media_statistics() = ToMediaStatistics(*statistics);
  call.set_leg_wanted(store::WANTED_NONE);
  return rules.EndCall(call, CallEvent::kLegGone, L::HANGUP_BY_REMOTE, L::HANGUP_REASON_MEDIA_FAILED);
}

// The program at the call's stream has gone, or never came.
absl::Status CloseStream(Rules& rules, CallRecord& call) {
  return rules.EndCall(call, CallEvent::kHangup, L::HANGUP_BY_REMOTE, L::HANGUP_REASON_STREAM_CLOSED);
}

absl::Status ApplyEvent(Work& work, Rules& rules, const std::string& node_id, const media::v1::NodeEvent& event) {
  using Event = media::v1::NodeEvent;
  switch (event.kind_case()) {
    case Event::kLegJoined: {
      const auto& joined = event.leg_joined();
      TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindLegCall(work, node_id, joined.leg_id()));
      if (call == nullptr) return absl::OkStatus();
      return rules.SyncParticipant(*call, joined.bridge_id(), joined.revision(), false);
    }
    case Event::kLegLeft: {
      const auto& left = event.leg_left();
      TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindLegCall(work, node_id, left.leg_id()));
      if (call == nullptr || call->flow().conferencecall_id().empty()) return absl::OkStatus();
      // Where the leg goes from one bridge to another, both are told under one revision.
      TUTTI_ASSIGN_OR_RETURN(const auto* participant, work.Conferencecall(call->flow().conferencecall_id()));
      if (participant != nullptr && participant->conferencecall().conference_id() != left.bridge_id()) {
        return rules.FinishMove(*call, left.revision());
      }
      return rules.SyncParticipant(*call, "", left.revision(), true);
    }
    case Event::kLegMediaTimeout: {
      TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindLegCall(work, node_id, event.leg_media_timeout().leg_id()));
      if (call == nullptr) return absl::OkStatus();
      return rules.EndCall(*call, CallEvent::kMediaTimeout, L::HANGUP_BY_REMOTE, L::HANGUP_REASON_MEDIA_TIMEOUT);
    }
    case Event::kLegRemoved: {
      const auto& removed = event.leg_removed();
      TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindLegCall(work, node_id, removed.leg_id()));
      if (call == nullptr) return absl::OkStatus();
      return ApplyLegGone(work, rules, *call, removed.has_statistics() ? &removed.statistics() : nullptr);
    }
    case Event::kAudioFinished: {
      const auto& finished = event.audio_finished();
      if (finished.leg_id().empty()) return absl::OkStatus();
      TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindLegCall(work, node_id, finished.leg_id()));
      if (call == nullptr) return absl::OkStatus();
      const bool rest = finished.cause() == media::v1::AudioFinished::CAUSE_FINISHED;
      return rules.FinishOperation(*call, finished.operation_id(), absl::OkStatus(), rest);
    }
    case Event::kRecordingChanged:
      return ApplyRecordingState(work, rules, node_id, event.recording_changed().recording(), true);
    case Event::kTranscriptionChanged:
      return ApplyTranscriptionState(work, rules, node_id, event.transcription_changed().transcription(), true);
    case Event::kTranscriptMade:
      return ApplyTranscript(work, rules, node_id, event.transcript_made());
    case Event::kLegStreamClosed: {
      TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindLegCall(work, node_id, event.leg_stream_closed().leg_id()));
      return call == nullptr ? absl::OkStatus() : CloseStream(rules, *call);
    }
    case Event::kResync:
    case Event::KIND_NOT_SET:
      // The watcher takes a snapshot; an event of a later version is passed over.
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status ApplyRefusal(Work& work, Rules& rules, CallRecord& call, int64_t revision, const absl::Status& why) {
  if (call.call().status() == L::STATUS_RINGING) {
    return rules.RefuseCall(call, CallEvent::kMediaRefused, L::HANGUP_REASON_MEDIA_FAILED, why);
  }
  if (GetErrorDetail(why).reason == "LEG_REMOVED") return ApplyLegGone(work, rules, call, nullptr);
  const bool of_reoffer = call.has_reoffer() && revision >= call.reoffer().leg_revision();
  if (of_reoffer && GetErrorDetail(why).reason != "BRIDGE_NOT_FOUND") return rules.RefuseReoffer(call, why);
  if (revision != call.leg_revision()) return absl::OkStatus();
  if (call.call().status() == L::STATUS_PROGRESSING && !call.flow().conferencecall_id().empty()) {
    TUTTI_ASSIGN_OR_RETURN(auto* participant, work.Conferencecall(call.flow().conferencecall_id()));
    if (participant == nullptr) return absl::OkStatus();
    return rules.MoveParticipant(*participant, ParticipantEvent::kMediaRefused,
                                 v1::Conferencecall::LEAVE_REASON_MEDIA_FAILED);
  }
  return rules.EndCall(call, CallEvent::kMediaRefused, L::HANGUP_BY_LOCAL, L::HANGUP_REASON_MEDIA_FAILED);
}

// Where a leg receives: of the first section that is not rejected.
std::string AddressOf(const media::v1::MediaDescription& answer) {
  for (const media::v1::MediaSection& section : answer.sections()) {
    if (section.rtp_port() != 0) return absl::StrCat(section.address(), " ", section.rtp_port());
  }
  return "";
}

void NoteAnswer(CallRecord& call, const media::v1::LegState& state) {
  call.set_answer_revision(state.revision());
  call.set_media_address(AddressOf(state.answer()));
}

}  // namespace

absl::Status NothingWanted(const std::string& id) {
  return Error(absl::StatusCode::kNotFound, "NOTHING_WANTED", absl::StrCat("nothing is wanted of ", id));
}

v1::MediaStatistics ToMediaStatistics(const media::v1::LegStatistics& from) {
  v1::MediaStatistics to;
  to.set_codec(from.codec());
  to.set_packets_received(from.packets_received());
  to.set_packets_sent(from.packets_sent());
  to.set_packets_lost(from.packets_lost());
  to.set_packets_late(from.packets_late());
  to.set_packets_dropped(from.packets_dropped());
  to.set_frames_concealed(from.frames_concealed());
  to.set_jitter_us(from.jitter_us());
  to.set_round_trip_us(from.round_trip_us());
  return to;
}

bool IsReplaced(const CallRecord& call, const media::v1::LegState& state) {
  if (call.call().status() != L::STATUS_PROGRESSING || call.media_address().empty()) return false;
  // Lower ones are answers to an earlier offer.
  return state.revision() >= call.answer_revision() && AddressOf(state.answer()) != call.media_address();
}

absl::Status ApplyLegState(Core::Impl& impl, Work& work, Rules& rules, const std::string& node_id,
                           const media::v1::LegState& state, bool detached) {
  TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindLegCall(work, node_id, state.leg_id()));
  if (call == nullptr) return absl::OkStatus();
  if (state.removed()) {
    return ApplyLegGone(work, rules, *call, state.has_statistics() ? &state.statistics() : nullptr);
  }
  if (call->call().status() == L::STATUS_RINGING && call->has_stream()) {
    TUTTI_RETURN_IF_ERROR(rules.AnswerCall(*call, ""));
  } else if (call->call().status() == L::STATUS_RINGING) {
    auto answer = impl.answer_writer(state.answer(), state.leg_id(), kFirstAnswer);
    if (!answer.ok()) {
      return rules.RefuseCall(*call, CallEvent::kHangup, L::HANGUP_REASON_MEDIA_FAILED, answer.status());
    }
    NoteAnswer(*call, state);
    TUTTI_RETURN_IF_ERROR(rules.AnswerCall(*call, *answer));
  }
  if (call->has_reoffer() && state.revision() >= call->reoffer().leg_revision()) {
    auto answer = impl.answer_writer(state.answer(), state.leg_id(), kFirstAnswer + call->reoffer_count() + 1);
    if (answer.ok()) NoteAnswer(*call, state);
    TUTTI_RETURN_IF_ERROR(answer.ok() ? rules.TakeReoffer(*call, *answer)
                                      : rules.RefuseReoffer(*call, answer.status()));
  }
  if (IsReplaced(*call, state)) {
    return rules.EndCall(*call, CallEvent::kHangup, L::HANGUP_BY_LOCAL, L::HANGUP_REASON_MEDIA_NODE_LOST);
  }
  if (state.stream_closed()) return CloseStream(rules, *call);
  if (state.media_timed_out()) {
    return rules.EndCall(*call, CallEvent::kMediaTimeout, L::HANGUP_BY_REMOTE, L::HANGUP_REASON_MEDIA_TIMEOUT);
  }
  return rules.SyncParticipant(*call, state.bridge_id(), state.revision(), detached);
}

absl::StatusOr<LegCommand> Core::ReadLegCommand(const MediaRef& ref) {
  LegCommand command;
  command.node_id = ref.node_id;
  if (ref.stray) {
    auto& remove = command.request.emplace<media::v1::RemoveLegRequest>();
    remove.set_leg_id(ref.id);
    remove.set_revision(ref.revision);
    return command;
  }
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.calls.Find(ref.id, Lock::kNo));
    if (!record.has_value() || record->leg_wanted() == store::WANTED_NONE) return NothingWanted(ref.id);
    command.node_id = record->node_id();
    if (record->leg_wanted() == store::WANTED_REMOVE) {
      auto& remove = command.request.emplace<media::v1::RemoveLegRequest>();
      remove.set_leg_id(ref.id);
      remove.set_revision(record->leg_revision());
      return absl::OkStatus();
    }
    auto& put = command.request.emplace<media::v1::PutLegRequest>();
    put.set_leg_id(ref.id);
    put.set_revision(record->leg_revision());
    if (record->has_stream()) {
      *put.mutable_stream() = record->stream();
    } else {
      *put.mutable_offer() = record->has_reoffer() ? record->reoffer().offer() : record->offer();
    }
    put.set_bridge_id(record->bridge_id());
    put.set_symmetric(record->call().symmetric());
    put.set_media_timeout_ms(int64_t{1'000} * record->call().media_timeout());
    if (!record->bridge_id().empty()) return ReadSettings(tx, *record, put);
    return absl::OkStatus();
  }));
  return command;
}

absl::StatusOr<Operation> Core::ReadOperation(const std::string& call_id) {
  Operation operation;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.calls.Find(call_id, Lock::kNo));
    if (!record.has_value() || !record->flow().has_operation()) return NothingWanted(call_id);
    const store::FlowOperation& wanted = record->flow().operation();
    operation.call_id = call_id;
    operation.id = wanted.id();
    if (wanted.has_play()) {
      const store::SoundPlay& play = wanted.play();
      PlayOperation what;
      what.customer_id = record->call().customer_id();
      what.node_id = record->node_id();
      what.stop_on_dtmf = play.stop_on_dtmf();
      if (play.has_text()) {
        what.text = SpokenText{play.text().text(), play.text().language(), play.text().voice()};
      } else {
        what.sound = play.sounds(0);
      }
      operation.what = std::move(what);
    } else {
      const store::RequestSend& send = wanted.send();
      operation.what = SendOperation{send.uri(), send.method(), send.content_type(), send.body()};
    }
    return absl::OkStatus();
  }));
  return operation;
}

void Core::FinishOperation(const std::string& call_id, const std::string& operation_id, const absl::Status& outcome,
                           DoneStatus done) {
  impl_->Run(
      [call_id, operation_id, outcome](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(CallRecord * call, work.Call(call_id));
        return call == nullptr ? absl::OkStatus() : rules.FinishOperation(*call, operation_id, outcome, false);
      },
      std::move(done));
}

void Core::FinishPlay(const std::string& call_id, const std::string& operation_id,
                      media::v1::AudioFinished::Cause cause, DoneStatus done) {
  impl_->Run(
      [call_id, operation_id, cause](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(CallRecord * call, work.Call(call_id));
        const bool rest = cause == media::v1::AudioFinished::CAUSE_FINISHED;
        return call == nullptr ? absl::OkStatus() : rules.FinishOperation(*call, operation_id, absl::OkStatus(), rest);
      },
      std::move(done));
}

void Core::HandleDigit(const NodeLease& lease, const media::v1::LegDtmf& digit, DoneStatus done) {
  impl_->Run(
      [lease, digit](Work& work, Rules& rules) -> absl::Status {
        TUTTI_RETURN_IF_ERROR(Impl::HoldLease(work, lease));
        TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindLegCall(work, lease.node_id, digit.leg_id()));
        return call == nullptr ? absl::OkStatus() : rules.TakeDigits(*call, digit.digit());
      },
      std::move(done));
}

absl::StatusOr<BridgeCommand> Core::ReadBridgeCommand(const MediaRef& ref) {
  BridgeCommand command;
  command.node_id = ref.node_id;
  if (ref.stray) {
    auto& remove = command.request.emplace<media::v1::RemoveBridgeRequest>();
    remove.set_bridge_id(ref.id);
    remove.set_revision(ref.revision);
    return command;
  }
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.conferences.Find(ref.id, Lock::kNo));
    if (!record.has_value() || record->bridge_wanted() == store::WANTED_NONE) return NothingWanted(ref.id);
    command.node_id = record->node_id();
    if (record->bridge_wanted() == store::WANTED_REMOVE) {
      auto& remove = command.request.emplace<media::v1::RemoveBridgeRequest>();
      remove.set_bridge_id(ref.id);
      remove.set_revision(record->bridge_revision());
      return absl::OkStatus();
    }
    auto& put = command.request.emplace<media::v1::PutBridgeRequest>();
    put.set_bridge_id(ref.id);
    put.set_revision(record->bridge_revision());
    put.set_parted(record->conference().start_on_host() && !record->host_entered());
    put.set_waiting_sound(impl_->options.hold_sound);
    put.set_hold_sound(impl_->options.hold_sound);
    return absl::OkStatus();
  }));
  return command;
}

absl::StatusOr<MediaRef> Core::FindBridge(const Principal& principal, const std::string& conference_id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", conference_id));
  MediaRef ref;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.conferences.Find(conference_id, Lock::kNo));
    if (!record.has_value() || record->conference().customer_id() != principal.customer_id) {
      return ResourceNotFound("conference", conference_id);
    }
    const v1::Conference& conference = record->conference();
    if (conference.status() != v1::Conference::STATUS_PROGRESSING || conference.participant_count() == 0 ||
        record->bridge_wanted() != store::WANTED_PUT) {
      return Error(absl::StatusCode::kFailedPrecondition, "STATE_INVALID",
                   absl::StrCat("conference ", conference_id, " has nobody who could hear it"));
    }
    ref = MediaRef{record->node_id(), conference_id, record->bridge_revision()};
    return absl::OkStatus();
  }));
  return ref;
}

void Core::PlaceBridge(const Principal& principal, const std::string& conference_id, Done<MediaRef> done) {
  if (absl::Status status = CheckId("id", conference_id); !status.ok()) return done(status);
  auto ref = std::make_shared<MediaRef>();
  impl_->Run(
      [impl = impl_.get(), principal, conference_id, ref](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, LoadConference(work, principal, conference_id));
        TUTTI_RETURN_IF_ERROR(Next(room->conference(), ConferenceEvent::kListen).status());
        TUTTI_ASSIGN_OR_RETURN(const std::string node_id, impl->nodes.Pick(room->node_id()));
        if (room->bridge_wanted() != store::WANTED_PUT) rules.PlaceBridge(*room, node_id);
        *ref = {room->node_id(), conference_id, room->bridge_revision()};
        return absl::OkStatus();
      },
      [ref, done = std::move(done)](absl::Status status) {
        if (!status.ok()) return done(std::move(status));
        done(*ref);
      });
}

absl::StatusOr<MediaRef> Core::FindParticipantLeg(const Principal& principal, const std::string& conferencecall_id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", conferencecall_id));
  MediaRef ref;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.conferencecalls.Find(conferencecall_id, Lock::kNo));
    if (!record.has_value() || record->conferencecall().customer_id() != principal.customer_id) {
      return ResourceNotFound("conferencecall", conferencecall_id);
    }
    const v1::Conferencecall& participant = record->conferencecall();
    TUTTI_ASSIGN_OR_RETURN(const auto call, tx.calls.Find(participant.reference_id(), Lock::kNo));
    if (participant.status() != v1::Conferencecall::STATUS_JOINED || !call.has_value()) {
      return Error(absl::StatusCode::kFailedPrecondition, "STATE_INVALID",
                   absl::StrCat("conferencecall ", conferencecall_id, " is not joined"));
    }
    ref = MediaRef{call->node_id(), participant.reference_id(), call->leg_revision()};
    return absl::OkStatus();
  }));
  return ref;
}

void Core::LegPut(const std::string& node_id, const media::v1::LegState& state, DoneStatus done) {
  impl_->Run([impl = impl_.get(), node_id, state](
                 Work& work, Rules& rules) { return ApplyLegState(*impl, work, rules, node_id, state, false); },
             std::move(done));
}

void Core::LegRefused(const std::string& node_id, const std::string& leg_id, int64_t revision, const absl::Status& why,
                      DoneStatus done) {
  impl_->Run(
      [node_id, leg_id, revision, why](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindLegCall(work, node_id, leg_id));
        return call == nullptr ? absl::OkStatus() : ApplyRefusal(work, rules, *call, revision, why);
      },
      std::move(done));
}

void Core::LegRemoved(const std::string& node_id, const media::v1::LegState& state, DoneStatus done) {
  impl_->Run(
      [node_id, state](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindLegCall(work, node_id, state.leg_id()));
        // A leg that is there at a higher revision stays.
        if (call == nullptr || !state.removed()) return absl::OkStatus();
        return ApplyLegGone(work, rules, *call, state.has_statistics() ? &state.statistics() : nullptr);
      },
      std::move(done));
}

void Core::BridgeRemoved(const std::string& node_id, const media::v1::BridgeState& state, DoneStatus done) {
  impl_->Run(
      [node_id, state](Work& work, Rules&) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * conference, work.Conference(state.bridge_id()));
        if (conference == nullptr || conference->node_id() != node_id) return absl::OkStatus();
        if (conference->bridge_wanted() != store::WANTED_REMOVE || !state.removed()) return absl::OkStatus();
        work.Touch(*conference);
        conference->set_bridge_wanted(store::WANTED_NONE);
        conference->clear_node_id();
        return absl::OkStatus();
      },
      std::move(done));
}

void Core::ClaimNode(const std::string& node_id, const std::string& owner, absl::Duration lease, Done<NodeLease> done) {
  auto claimed = std::make_shared<NodeLease>();
  impl_->Run(
      [node_id, owner, lease, claimed](Work& work, Rules&) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(auto found, work.tx().media_nodes.Find(node_id, Lock::kYes));
        MediaNodeTable::Node node = found.value_or(MediaNodeTable::Node{});
        TUTTI_ASSIGN_OR_RETURN(const absl::Time now, work.tx().Now());
        if (node.owner != owner && node.lease_until_us > ToMicroseconds(now)) {
          return Error(absl::StatusCode::kUnavailable, "LEASE_HELD",
                       absl::StrCat("media node ", node_id, " is watched by ", node.owner));
        }
        node.id = node_id;
        node.owner = owner;
        ++node.term;
        node.lease_until_us = ToMicroseconds(now + lease);
        *claimed = {node_id, owner, node.term, absl::FromUnixMicros(node.lease_until_us), node.epoch, node.sequence};
        return work.tx().media_nodes.Upsert(node);
      },
      [claimed, done = std::move(done)](absl::Status status) {
        if (!status.ok()) return done(std::move(status));
        done(*claimed);
      });
}

void Core::RenewNode(const NodeLease& lease, absl::Duration duration, DoneStatus done) {
  impl_->Run(
      [lease, duration](Work& work, Rules&) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(const absl::Time now, work.tx().Now());
        TUTTI_ASSIGN_OR_RETURN(
            const bool mine, work.tx().media_nodes.SetLease(lease.node_id, lease.term, ToMicroseconds(now + duration)));
        return mine ? absl::OkStatus() : LeaseLost(lease);
      },
      std::move(done));
}

absl::Status Core::Impl::HoldLease(Work& work, const NodeLease& lease) {
  TUTTI_ASSIGN_OR_RETURN(const bool mine, work.tx().media_nodes.HoldTerm(lease.node_id, lease.term));
  return mine ? absl::OkStatus() : LeaseLost(lease);
}

absl::Status Core::Impl::SetNodeSequence(Work& work, const NodeLease& lease, const std::string& epoch,
                                         int64_t sequence) {
  TUTTI_ASSIGN_OR_RETURN(const bool mine,
                         work.tx().media_nodes.SetSequence(lease.node_id, lease.term, epoch, sequence));
  return mine ? absl::OkStatus() : LeaseLost(lease);
}

void Core::HandleNodeEvents(const NodeLease& lease, const std::string& epoch, std::vector<media::v1::NodeEvent> events,
                            DoneStatus done) {
  impl_->Run(
      [lease, epoch, events = std::move(events)](Work& work, Rules& rules) -> absl::Status {
        TUTTI_RETURN_IF_ERROR(Impl::HoldLease(work, lease));
        TUTTI_ASSIGN_OR_RETURN(const auto node, work.tx().media_nodes.Find(lease.node_id));
        if (!node.has_value()) return LeaseLost(lease);
        int64_t sequence = node->sequence;
        for (const media::v1::NodeEvent& event : events) {
          if (node->epoch == epoch && event.sequence() <= sequence) continue;
          if (node->epoch != epoch || event.sequence() != sequence + 1) {
            return Error(absl::StatusCode::kOutOfRange, "SNAPSHOT_NEEDED",
                         absl::StrCat("media node ", lease.node_id, " is known up to event ", sequence, " of epoch ",
                                      node->epoch, ", event ", event.sequence(), " of ", epoch, " does not follow"));
          }
          TUTTI_RETURN_IF_ERROR(ApplyEvent(work, rules, lease.node_id, event));
          sequence = event.sequence();
        }
        if (sequence == node->sequence) return absl::OkStatus();
        return Impl::SetNodeSequence(work, lease, epoch, sequence);
      },
      std::move(done));
}

}  // namespace tutti::control
