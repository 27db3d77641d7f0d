#include "control/core/media_reports.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/lookup.h"
#include "control/core/media_statistics.h"

namespace tutti::control {
namespace {

using store::CallRecord;
using L = v1::Call;

// The version of a call's first answer.
constexpr int64_t kFirstAnswer = 1;

// The program at the call's stream has gone, or never came.
absl::Status CloseStream(Rules& rules, CallRecord& call) {
  return rules.EndCall(call, CallEvent::kHangup, L::HANGUP_BY_REMOTE, L::HANGUP_REASON_STREAM_CLOSED);
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

absl::Status ApplyLegGone(Work& work, Rules& rules, CallRecord& call, const media::v1::LegStatistics* statistics) {
  work.Touch(call);
  if (statistics != nullptr) *call.mutable_call()->mutable_media_statistics() = ToMediaStatistics(*statistics);
  call.set_leg_wanted(store::WANTED_NONE);
  return rules.EndCall(call, CallEvent::kLegGone, L::HANGUP_BY_REMOTE, L::HANGUP_REASON_MEDIA_FAILED);
}

absl::Status ApplyLegRefusal(Work& work, Rules& rules, CallRecord& call, int64_t revision, const absl::Status& why) {
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

bool IsReplaced(const CallRecord& call, const media::v1::LegState& state) {
  if (call.call().status() != L::STATUS_PROGRESSING || call.media_address().empty()) return false;
  // Lower ones are answers to an earlier offer.
  return state.revision() >= call.answer_revision() && AddressOf(state.answer()) != call.media_address();
}

absl::Status ApplyLegState(const AnswerWriter& write_answer, Work& work, Rules& rules, const std::string& node_id,
                           const media::v1::LegState& state, bool detached) {
  TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindCallOnNode(work, node_id, state.leg_id()));
  if (call == nullptr) return absl::OkStatus();
  if (state.removed()) {
    return ApplyLegGone(work, rules, *call, state.has_statistics() ? &state.statistics() : nullptr);
  }
  if (call->call().status() == L::STATUS_RINGING && call->has_stream()) {
    TUTTI_RETURN_IF_ERROR(rules.AnswerCall(*call, ""));
  } else if (call->call().status() == L::STATUS_RINGING) {
    auto answer = write_answer(state.answer(), state.leg_id(), kFirstAnswer);
    if (!answer.ok()) {
      return rules.RefuseCall(*call, CallEvent::kHangup, L::HANGUP_REASON_MEDIA_FAILED, answer.status());
    }
    NoteAnswer(*call, state);
    TUTTI_RETURN_IF_ERROR(rules.AnswerCall(*call, *answer));
  }
  if (call->has_reoffer() && state.revision() >= call->reoffer().leg_revision()) {
    auto answer = write_answer(state.answer(), state.leg_id(), kFirstAnswer + call->reoffer_count() + 1);
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

absl::Status ApplyRecordingState(Work& work, Rules& rules, const std::string& node_id,
                                 const media::v1::RecordingState& state, bool in_order) {
  TUTTI_ASSIGN_OR_RETURN(store::RecordingRecord * record, FindRecordingOnNode(work, node_id, state.recording_id()));
  return record == nullptr ? absl::OkStatus() : rules.SyncRecording(*record, state, in_order);
}

absl::Status ApplyTranscriptionState(Work& work, Rules& rules, const std::string& node_id,
                                     const media::v1::TranscriptionState& state, bool in_order) {
  TUTTI_ASSIGN_OR_RETURN(store::TranscribeRecord * record,
                         FindTranscribeOnNode(work, node_id, state.transcription_id()));
  return record == nullptr ? absl::OkStatus() : rules.SyncTranscribe(*record, state, in_order);
}

absl::Status ApplyTranscript(Work& work, Rules& rules, const std::string& node_id,
                             const media::v1::TranscriptMade& made) {
  TUTTI_ASSIGN_OR_RETURN(store::TranscribeRecord * record,
                         FindTranscribeOnNode(work, node_id, made.transcription_id()));
  return record == nullptr ? absl::OkStatus() : rules.AddTranscript(*record, made);
}

absl::Status ApplyNodeEvent(Work& work, Rules& rules, const std::string& node_id, const media::v1::NodeEvent& event) {
  using Event = media::v1::NodeEvent;
  switch (event.kind_case()) {
    case Event::kLegJoined: {
      const auto& joined = event.leg_joined();
      TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindCallOnNode(work, node_id, joined.leg_id()));
      if (call == nullptr) return absl::OkStatus();
      return rules.SyncParticipant(*call, joined.bridge_id(), joined.revision(), false);
    }
    case Event::kLegLeft: {
      const auto& left = event.leg_left();
      TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindCallOnNode(work, node_id, left.leg_id()));
      if (call == nullptr || call->flow().conferencecall_id().empty()) return absl::OkStatus();
      // Where the leg goes from one bridge to another, both are told under one revision.
      TUTTI_ASSIGN_OR_RETURN(const auto* participant, work.Conferencecall(call->flow().conferencecall_id()));
      if (participant != nullptr && participant->conferencecall().conference_id() != left.bridge_id()) {
        return rules.FinishMove(*call, left.revision());
      }
      return rules.SyncParticipant(*call, "", left.revision(), true);
    }
    case Event::kLegMediaTimeout: {
      TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindCallOnNode(work, node_id, event.leg_media_timeout().leg_id()));
      if (call == nullptr) return absl::OkStatus();
      return rules.EndCall(*call, CallEvent::kMediaTimeout, L::HANGUP_BY_REMOTE, L::HANGUP_REASON_MEDIA_TIMEOUT);
    }
    case Event::kLegRemoved: {
      const auto& removed = event.leg_removed();
      TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindCallOnNode(work, node_id, removed.leg_id()));
      if (call == nullptr) return absl::OkStatus();
      return ApplyLegGone(work, rules, *call, removed.has_statistics() ? &removed.statistics() : nullptr);
    }
    case Event::kAudioFinished: {
      const auto& finished = event.audio_finished();
      if (finished.leg_id().empty()) return absl::OkStatus();
      TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindCallOnNode(work, node_id, finished.leg_id()));
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
      TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindCallOnNode(work, node_id, event.leg_stream_closed().leg_id()));
      return call == nullptr ? absl::OkStatus() : CloseStream(rules, *call);
    }
    case Event::kResync:
    case Event::KIND_NOT_SET:
      // The watcher takes a snapshot; an event of a later version is passed over.
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

}  // namespace tutti::control
