#include "control/core/media_commands.h"

#include <utility>

#include "common/status/status.h"
#include "control/core/lookup.h"
#include "control/core/media_reports.h"
#include "control/core/steps.h"

namespace tutti::control {
namespace {

using store::CallRecord;
using store::ConferenceRecord;
using store::NodeJob;
using store::RecordingRecord;
using store::TranscribeRecord;

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

media::v1::PutRecordingRequest::Wanted WantedOf(NodeJob::Wanted wanted) {
  switch (wanted) {
    case NodeJob::WANTED_RUN:
      return media::v1::PutRecordingRequest::WANTED_RECORD;
    case NodeJob::WANTED_PAUSE:
      return media::v1::PutRecordingRequest::WANTED_PAUSE;
    default:
      return media::v1::PutRecordingRequest::WANTED_STOP;
  }
}

}  // namespace

absl::StatusOr<LegCommand> MediaCommands::ReadLeg(const MediaRef& ref) {
  LegCommand command;
  command.node_id = ref.node_id;
  if (ref.stray) {
    auto& remove = command.request.emplace<media::v1::RemoveLegRequest>();
    remove.set_leg_id(ref.id);
    remove.set_revision(ref.revision);
    return command;
  }
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
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
    if (!record->bridge_id().empty()) put.set_participant_id(record->flow().conferencecall_id());
    put.set_symmetric(record->call().symmetric());
    put.set_media_timeout_ms(int64_t{1'000} * record->call().media_timeout());
    if (!record->bridge_id().empty()) return ReadSettings(tx, *record, put);
    return absl::OkStatus();
  }));
  return command;
}

absl::StatusOr<BridgeCommand> MediaCommands::ReadBridge(const MediaRef& ref) {
  BridgeCommand command;
  command.node_id = ref.node_id;
  if (ref.stray) {
    auto& remove = command.request.emplace<media::v1::RemoveBridgeRequest>();
    remove.set_bridge_id(ref.id);
    remove.set_revision(ref.revision);
    return command;
  }
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
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
    put.set_waiting_sound(steps_.options().hold_sound);
    put.set_hold_sound(steps_.options().hold_sound);
    return absl::OkStatus();
  }));
  return command;
}

absl::StatusOr<RecordingCommand> MediaCommands::ReadRecording(const MediaRef& ref) {
  RecordingCommand command;
  command.node_id = ref.node_id;
  if (ref.stray) {
    auto& put = command.request.emplace<media::v1::PutRecordingRequest>();
    put.set_recording_id(ref.id);
    put.set_revision(ref.revision);
    put.set_wanted(media::v1::PutRecordingRequest::WANTED_STOP);
    return command;
  }
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.recordings.Find(ref.id, Lock::kNo));
    if (!record.has_value() || record->job().wanted() == NodeJob::WANTED_NOTHING) return NothingWanted(ref.id);
    command.node_id = record->job().node_id();
    if (record->job().wanted() == NodeJob::WANTED_DELETE) {
      command.request.emplace<media::v1::DeleteRecordingRequest>().set_recording_id(ref.id);
      return absl::OkStatus();
    }
    const v1::Recording& recording = record->recording();
    auto& put = command.request.emplace<media::v1::PutRecordingRequest>();
    put.set_recording_id(ref.id);
    put.set_revision(record->job().revision());
    put.set_bridge_id(recording.reference_id());
    put.set_wanted(WantedOf(record->job().wanted()));
    put.set_format(static_cast<media::v1::RecordingFormat>(recording.format()));
    put.set_sample_rate_hz(recording.rate());
    put.set_per_speaker(recording.per_speaker());
    put.set_duration_ms_max(int64_t{1'000} * recording.duration_max());
    return absl::OkStatus();
  }));
  return command;
}

absl::StatusOr<TranscriptionCommand> MediaCommands::ReadTranscription(const MediaRef& ref) {
  TranscriptionCommand command;
  command.node_id = ref.node_id;
  media::v1::PutTranscriptionRequest& put = command.request;
  put.set_transcription_id(ref.id);
  put.set_revision(ref.revision);
  put.set_wanted(media::v1::PutTranscriptionRequest::WANTED_STOP);
  if (ref.stray) return command;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.transcribes.Find(ref.id, Lock::kNo));
    if (!record.has_value() || record->job().wanted() == NodeJob::WANTED_NOTHING) return NothingWanted(ref.id);
    command.node_id = record->job().node_id();
    put.set_revision(record->job().revision());
    put.set_bridge_id(record->transcribe().reference_id());
    put.set_language(record->transcribe().language());
    put.set_provider(record->transcribe().provider());
    if (record->job().wanted() == NodeJob::WANTED_RUN) put.set_wanted(media::v1::PutTranscriptionRequest::WANTED_RUN);
    return absl::OkStatus();
  }));
  return command;
}

void MediaCommands::LegPut(const std::string& node_id, const media::v1::LegState& state, const std::string& traceparent,
                           DoneStatus done) {
  steps_.Run(
      traceparent,
      [&steps = steps_, node_id, state](Work& work, Rules& rules) {
        return ApplyLegState(steps.answer_writer(), work, rules, node_id, state, false);
      },
      nullptr, std::move(done));
}

void MediaCommands::LegRefused(const std::string& node_id, const std::string& leg_id, int64_t revision,
                               const absl::Status& why, DoneStatus done) {
  steps_.Run(
      [node_id, leg_id, revision, why](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindCallOnNode(work, node_id, leg_id));
        return call == nullptr ? absl::OkStatus() : ApplyLegRefusal(work, rules, *call, revision, why);
      },
      std::move(done));
}

void MediaCommands::LegRemoved(const std::string& node_id, const media::v1::LegState& state, DoneStatus done) {
  steps_.Run(
      [node_id, state](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(CallRecord * call, FindCallOnNode(work, node_id, state.leg_id()));
        // A leg that is there at a higher revision stays.
        if (call == nullptr || !state.removed()) return absl::OkStatus();
        return ApplyLegGone(work, rules, *call, state.has_statistics() ? &state.statistics() : nullptr);
      },
      std::move(done));
}

void MediaCommands::BridgeRemoved(const std::string& node_id, const media::v1::BridgeState& state, DoneStatus done) {
  steps_.Run(
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

void MediaCommands::RecordingPut(const std::string& node_id, const media::v1::RecordingState& state, DoneStatus done) {
  steps_.Run(
      [node_id, state](Work& work, Rules& rules) { return ApplyRecordingState(work, rules, node_id, state, false); },
      std::move(done));
}

void MediaCommands::RecordingRefused(const std::string& node_id, const std::string& recording_id, int64_t revision,
                                     const absl::Status& why, DoneStatus done) {
  steps_.Run(
      [node_id, recording_id, revision, code = why.code()](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(RecordingRecord * record, FindRecordingOnNode(work, node_id, recording_id));
        return record == nullptr ? absl::OkStatus() : rules.RefuseRecording(*record, revision, code);
      },
      std::move(done));
}

void MediaCommands::RecordingDeleted(const std::string& node_id, const std::string& recording_id, DoneStatus done) {
  steps_.Run(
      [node_id, recording_id](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(RecordingRecord * record, FindRecordingOnNode(work, node_id, recording_id));
        if (record != nullptr) rules.NoteDeletion(*record, false);
        return absl::OkStatus();
      },
      std::move(done));
}

void MediaCommands::TranscriptionPut(const std::string& node_id, const media::v1::TranscriptionState& state,
                                     DoneStatus done) {
  steps_.Run([node_id, state](Work& work,
                              Rules& rules) { return ApplyTranscriptionState(work, rules, node_id, state, false); },
             std::move(done));
}

void MediaCommands::TranscriptionRefused(const std::string& node_id, const std::string& transcribe_id, int64_t revision,
                                         const absl::Status& why, DoneStatus done) {
  steps_.Run(
      [node_id, transcribe_id, revision, code = why.code()](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(TranscribeRecord * record, FindTranscribeOnNode(work, node_id, transcribe_id));
        return record == nullptr ? absl::OkStatus() : rules.RefuseTranscribe(*record, revision, code);
      },
      std::move(done));
}

}  // namespace tutti::control
