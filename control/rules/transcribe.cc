#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/rules/rules.h"
#include "control/rules/times.h"

namespace tutti::control {
namespace {

using store::ConferenceRecord;
using store::NodeJob;
using store::TranscribeRecord;
using T = v1::Transcribe;
using State = media::v1::TranscriptionState;

// Stays of one call in one room that a text's speaker is looked for in.
constexpr int kStaysMax = 100;
constexpr size_t kProviderBytesMax = 64;
constexpr size_t kTextBytesMax = 8 * 1'024;

absl::Status NotActive(const std::string& what, const std::string& id) {
  return Error(absl::StatusCode::kFailedPrecondition, "TRANSCRIBE_NOT_ACTIVE",
               absl::StrCat(what, " ", id, " is not being transcribed"));
}

// At most `bytes_max`, and no broken character at the end.
std::string CutText(const std::string& text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

absl::StatusOr<TranscribeRecord*> Rules::StartTranscribe(ConferenceRecord& room, const std::string& language,
                                                         const std::string& provider, const std::string& node_id) {
  TUTTI_RETURN_IF_ERROR(Next(room.conference(), ConferenceEvent::kListen).status());
  const std::string& current = room.conference().transcribe_id();
  if (!current.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, "TRANSCRIBE_ALREADY_ACTIVE",
                 absl::StrCat("conference ", room.conference().id(), " is transcribed by transcribe ", current),
                 {{"transcribe_id", current}});
  }
  PlaceBridge(room, node_id);
  TranscribeRecord record;
  T& transcribe = *record.mutable_transcribe();
  transcribe.set_id(work_.NewId());
  transcribe.set_customer_id(room.conference().customer_id());
  transcribe.set_reference_type(T::REFERENCE_TYPE_CONFERENCE);
  transcribe.set_reference_id(room.conference().id());
  transcribe.set_status(T::STATUS_PROGRESSING);
  transcribe.set_language(language);
  transcribe.set_provider(provider);
  SetTime(*transcribe.mutable_tm_create(), work_.now());
  SetTime(*transcribe.mutable_tm_update(), work_.now());
  record.mutable_job()->set_node_id(room.node_id());
  record.set_deadline_at_us(ToMicroseconds(work_.now() + options_.transcribe_start_timeout));
  TranscribeRecord* added = work_.Add(std::move(record));
  work_.Command(*added, NodeJob::WANTED_RUN);
  work_.Emit("transcribe_created", *added);
  room.mutable_conference()->set_transcribe_id(added->transcribe().id());
  Remember(*room.mutable_conference()->mutable_transcribe_ids(), added->transcribe().id());
  work_.Emit("conference_updated", room);
  return added;
}

absl::Status Rules::StopTranscribeOf(ConferenceRecord& room) {
  const std::string id = room.conference().transcribe_id();
  if (id.empty()) return NotActive("conference", room.conference().id());
  TUTTI_ASSIGN_OR_RETURN(TranscribeRecord * record, work_.Transcribe(id));
  if (record == nullptr) return absl::DataLossError("a room's transcription is not in the store");
  // Before it stops: the caller tells of the room.
  work_.Touch(room);
  room.mutable_conference()->clear_transcribe_id();
  return StopTranscribe(*record);
}

absl::Status Rules::StopTranscribe(TranscribeRecord& record) {
  if (record.transcribe().status() != T::STATUS_PROGRESSING || record.job().wanted() != NodeJob::WANTED_RUN) {
    return NotActive("transcribe", record.transcribe().id());
  }
  work_.Command(record, NodeJob::WANTED_STOP);
  record.set_deadline_at_us(ToMicroseconds(work_.now() + options_.transcribe_stop_timeout));
  return FreeTranscribe(record);
}

absl::Status Rules::FreeTranscribe(const TranscribeRecord& record) {
  TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, work_.Conference(record.transcribe().reference_id()));
  if (room == nullptr || room->conference().transcribe_id() != record.transcribe().id()) return absl::OkStatus();
  room->mutable_conference()->clear_transcribe_id();
  work_.Emit("conference_updated", *room);
  return absl::OkStatus();
}

absl::Status Rules::MoveTranscribe(TranscribeRecord& record, TranscribeEvent event, T::FailureReason reason) {
  TUTTI_ASSIGN_OR_RETURN(const T::Status next, Next(record.transcribe(), event));
  if (next == record.transcribe().status()) return absl::OkStatus();
  if (event == TranscribeEvent::kStopTimeout) NoteLosses(record);
  work_.Touch(record);
  T& transcribe = *record.mutable_transcribe();
  transcribe.set_status(next);
  if (next == T::STATUS_FAILED) transcribe.set_failure_reason(reason);
  SetTime(*transcribe.mutable_tm_end(), work_.now());
  record.set_deadline_at_us(0);
  record.mutable_job()->set_wanted(NodeJob::WANTED_NOTHING);
  record.mutable_job()->set_command_at_us(0);
  work_.Emit("transcribe_done", record);
  // The node may still be at it.
  if (event == TranscribeEvent::kNodeLost || event == TranscribeEvent::kStartTimeout ||
      event == TranscribeEvent::kStopTimeout) {
    work_.Command(record, NodeJob::WANTED_STOP);
  }
  return FreeTranscribe(record);
}

void Rules::NoteLosses(TranscribeRecord& record) {
  if (record.has_losses()) return;
  work_.Touch(record);
  record.set_has_losses(true);
  SetDegraded(record, true);
}

void Rules::SetDegraded(TranscribeRecord& record, bool degraded) {
  if (record.transcribe().degraded() == degraded) return;
  work_.Touch(record);
  record.mutable_transcribe()->set_degraded(degraded);
  work_.Emit("transcribe_updated", record);
}

absl::Status Rules::SyncTranscribe(TranscribeRecord& record, const State& state, bool in_order) {
  if (record.job().command_at_us() != 0 && state.revision() >= record.job().revision()) {
    work_.Touch(record);
    record.mutable_job()->set_command_at_us(0);
  }
  if (record.transcribe().status() == T::STATUS_PROGRESSING) {
    if (in_order) TakeHealth(record, state);
    if (state.status() != State::STATUS_UNSPECIFIED && !record.has_begun()) {
      record.set_has_begun(true);
      if (record.job().wanted() == NodeJob::WANTED_RUN) {
        const absl::Time begun = FromTimestamp(record.transcribe().tm_create());
        record.set_deadline_at_us(ToMicroseconds(begun + options_.age_max));
      }
      work_.Emit("transcribe_progressing", record);
    }
  }
  const bool is_over = record.transcribe().status() != T::STATUS_PROGRESSING;
  const bool is_given_up = is_over && record.job().wanted() == NodeJob::WANTED_NOTHING;
  if (in_order && is_given_up && state.status() == State::STATUS_RUNNING) {
    // A command that was late has begun it all the same.
    work_.Command(record, NodeJob::WANTED_STOP);
  }
  if (state.status() != State::STATUS_ENDED && state.status() != State::STATUS_FAILED) return absl::OkStatus();
  // Texts may be on their way that were told before its end.
  if (in_order) {
    const bool failed = state.status() == State::STATUS_FAILED;
    TUTTI_RETURN_IF_ERROR(MoveTranscribe(record, failed ? TranscribeEvent::kFailed : TranscribeEvent::kEnded,
                                         T::FAILURE_REASON_SPEECH_FAILED));
  }
  if (record.transcribe().status() != T::STATUS_PROGRESSING) ForgetTranscription(record);
  return absl::OkStatus();
}

void Rules::TakeHealth(TranscribeRecord& record, const State& state) {
  if (state.utterances_lost() > 0) NoteLosses(record);
  const std::string provider = CutText(state.provider(), kProviderBytesMax);
  if (!provider.empty() && record.transcribe().provider() != provider) {
    work_.Touch(record);
    record.mutable_transcribe()->set_provider(provider);
  }
  SetDegraded(record, state.degraded() || record.has_losses());
}

void Rules::ForgetTranscription(TranscribeRecord& record) {
  if (record.job().wanted() == NodeJob::WANTED_NOTHING && record.job().command_at_us() == 0) return;
  work_.Touch(record);
  record.mutable_job()->set_wanted(NodeJob::WANTED_NOTHING);
  record.mutable_job()->set_command_at_us(0);
}

absl::Status Rules::RefuseTranscribe(TranscribeRecord& record, int64_t revision, absl::StatusCode why) {
  if (revision != record.job().revision()) return absl::OkStatus();
  const bool is_busy = why == absl::StatusCode::kResourceExhausted;
  // The node has one that has begun, and is asked again.
  if (is_busy && record.has_begun()) return absl::OkStatus();
  TUTTI_RETURN_IF_ERROR(MoveTranscribe(record, TranscribeEvent::kRefused,
                                       is_busy ? T::FAILURE_REASON_MEDIA_NODE_BUSY : T::FAILURE_REASON_MEDIA_FAILED));
  ForgetTranscription(record);
  return absl::OkStatus();
}

absl::StatusOr<std::string> Rules::FindSpeaker(const TranscribeRecord& record, const std::string& leg_id,
                                               absl::Time spoke_at) {
  TUTTI_ASSIGN_OR_RETURN(const auto stays,
                         work_.tx().conferencecalls.FindByCall(leg_id, record.transcribe().reference_id(), kStaysMax));
  std::string speaker;
  for (const store::ConferencecallRecord& stay : stays) {
    // The last one that had begun by then; clocks may differ a little.
    if (speaker.empty() || FromTimestamp(stay.conferencecall().tm_create()) <= spoke_at) {
      speaker = stay.conferencecall().id();
    }
  }
  return speaker;
}

absl::Status Rules::AddTranscript(TranscribeRecord& record, const media::v1::TranscriptMade& made) {
  if (record.transcribe().status() != T::STATUS_PROGRESSING || made.text().empty()) return absl::OkStatus();
  if (record.transcript_count() >= options_.transcripts_max) {
    NoteLosses(record);
    return absl::OkStatus();
  }
  const absl::Time spoke_at = FromTimestamp(made.tm_begin());
  store::TranscriptRecord row;
  v1::Transcript& transcript = *row.mutable_transcript();
  transcript.set_id(work_.NewId());
  transcript.set_transcribe_id(record.transcribe().id());
  TUTTI_ASSIGN_OR_RETURN(*transcript.mutable_conferencecall_id(), FindSpeaker(record, made.leg_id(), spoke_at));
  transcript.set_message(CutText(made.text(), kTextBytesMax));
  const absl::Duration offset = spoke_at - FromTimestamp(record.transcribe().tm_create());
  transcript.set_tm_transcript(std::max(int64_t{0}, absl::ToInt64Milliseconds(offset)));
  transcript.set_duration(std::max(int64_t{0}, made.duration_ms()));
  transcript.set_confidence(std::clamp(static_cast<double>(made.confidence()), 0.0, 1.0));
  SetTime(*transcript.mutable_tm_create(), work_.now());
  work_.Touch(record);
  record.set_transcript_count(record.transcript_count() + 1);
  work_.Emit("transcript_created", transcript, record);
  work_.AtEnd([row = std::move(row)](Transaction& tx) { return tx.transcripts.Insert(row); });
  return absl::OkStatus();
}

absl::Status Rules::FireTranscribe(TranscribeRecord& record) {
  if (record.job().wanted() == NodeJob::WANTED_STOP) return MoveTranscribe(record, TranscribeEvent::kStopTimeout);
  if (record.has_begun()) return StopTranscribe(record);
  return MoveTranscribe(record, TranscribeEvent::kStartTimeout, T::FAILURE_REASON_MEDIA_FAILED);
}

}  // namespace tutti::control
