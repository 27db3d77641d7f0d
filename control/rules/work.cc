#include "control/rules/work.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/rules/times.h"

namespace tutti::control {

using store::CallRecord;
using store::ConferencecallRecord;
using store::ConferenceRecord;
using store::RecordingRecord;
using store::TranscribeRecord;

template <typename Record, typename Table>
absl::StatusOr<Record*> Work::Load(Slots<Record>& slots, Table& table, const std::string& id, Lock lock) {
  auto [place, is_new] = slots.try_emplace(id);
  Slot<Record>& slot = place->second;
  if (is_new) {
    TUTTI_ASSIGN_OR_RETURN(auto found, table.Find(id, lock));
    if (found.has_value()) {
      slot.record = *std::move(found);
      slot.found = true;
      slot.read_revision = slot.record.revision();
    }
  }
  return slot.found ? &slot.record : nullptr;
}

absl::Status Work::LockRows(const RowIds& rows) {
  for (const std::string& id : rows.conferences) {
    TUTTI_RETURN_IF_ERROR(Load(conferences_, tx_.conferences, id, Lock::kYes).status());
  }
  for (const std::string& id : rows.conferencecalls) {
    TUTTI_RETURN_IF_ERROR(Load(conferencecalls_, tx_.conferencecalls, id, Lock::kYes).status());
  }
  for (const std::string& id : rows.calls) {
    TUTTI_RETURN_IF_ERROR(Load(calls_, tx_.calls, id, Lock::kYes).status());
  }
  for (const std::string& id : rows.recordings) {
    TUTTI_RETURN_IF_ERROR(Load(recordings_, tx_.recordings, id, Lock::kYes).status());
  }
  for (const std::string& id : rows.transcribes) {
    TUTTI_RETURN_IF_ERROR(Load(transcribes_, tx_.transcribes, id, Lock::kYes).status());
  }
  return absl::OkStatus();
}

RowIds Work::ReadRows() const {
  RowIds rows;
  for (const auto& [id, slot] : conferences_) rows.conferences.insert(id);
  for (const auto& [id, slot] : conferencecalls_) rows.conferencecalls.insert(id);
  for (const auto& [id, slot] : calls_) rows.calls.insert(id);
  for (const auto& [id, slot] : recordings_) rows.recordings.insert(id);
  for (const auto& [id, slot] : transcribes_) rows.transcribes.insert(id);
  return rows;
}

absl::StatusOr<ConferenceRecord*> Work::Conference(const std::string& id) {
  return Load(conferences_, tx_.conferences, id);
}

absl::StatusOr<ConferencecallRecord*> Work::Conferencecall(const std::string& id) {
  return Load(conferencecalls_, tx_.conferencecalls, id);
}

absl::StatusOr<CallRecord*> Work::Call(const std::string& id) { return Load(calls_, tx_.calls, id); }

absl::StatusOr<RecordingRecord*> Work::Recording(const std::string& id) {
  return Load(recordings_, tx_.recordings, id);
}

absl::StatusOr<TranscribeRecord*> Work::Transcribe(const std::string& id) {
  return Load(transcribes_, tx_.transcribes, id);
}

absl::StatusOr<std::vector<std::string>> Work::FindPresent(const std::string& conference_id) {
  TUTTI_ASSIGN_OR_RETURN(auto ids, tx_.conferencecalls.FindPresent(conference_id));
  for (const auto& [id, slot] : conferencecalls_) {
    if (slot.IsNew() && slot.record.conferencecall().conference_id() == conference_id) ids.push_back(id);
  }
  return ids;
}

template <typename Record>
Record* Work::AddTo(Slots<Record>& slots, const std::string& id, Record record) {
  record.set_revision(1);
  Slot<Record>& slot = slots[id];
  slot = {std::move(record), true, 0, true};
  return &slot.record;
}

ConferenceRecord* Work::Add(ConferenceRecord record) {
  const std::string id = record.conference().id();
  return AddTo(conferences_, id, std::move(record));
}

ConferencecallRecord* Work::Add(ConferencecallRecord record) {
  const std::string id = record.conferencecall().id();
  return AddTo(conferencecalls_, id, std::move(record));
}

CallRecord* Work::Add(CallRecord record) {
  const std::string id = record.call().id();
  return AddTo(calls_, id, std::move(record));
}

RecordingRecord* Work::Add(RecordingRecord record) {
  const std::string id = record.recording().id();
  return AddTo(recordings_, id, std::move(record));
}

TranscribeRecord* Work::Add(TranscribeRecord record) {
  const std::string id = record.transcribe().id();
  return AddTo(transcribes_, id, std::move(record));
}

template <typename Record>
void Work::TouchIn(Slots<Record>& slots, const std::string& id, Record& record) {
  Slot<Record>& slot = slots.at(id);
  if (slot.dirty) return;
  slot.dirty = true;
  record.set_revision(record.revision() + 1);
}

void Work::Touch(ConferenceRecord& record) { TouchIn(conferences_, record.conference().id(), record); }

void Work::Touch(ConferencecallRecord& record) {
  TouchIn(conferencecalls_, record.conferencecall().id(), record);
  SetTime(*record.mutable_conferencecall()->mutable_tm_update(), now_);
}

void Work::Touch(CallRecord& record) {
  TouchIn(calls_, record.call().id(), record);
  SetTime(*record.mutable_call()->mutable_tm_update(), now_);
}

void Work::Touch(RecordingRecord& record) {
  TouchIn(recordings_, record.recording().id(), record);
  SetTime(*record.mutable_recording()->mutable_tm_update(), now_);
}

void Work::Touch(TranscribeRecord& record) {
  TouchIn(transcribes_, record.transcribe().id(), record);
  SetTime(*record.mutable_transcribe()->mutable_tm_update(), now_);
}

void Work::CommandLeg(CallRecord& record) {
  Touch(record);
  record.set_leg_revision(record.revision());
  RepeatLeg(record);
}

void Work::CommandBridge(ConferenceRecord& record) {
  Touch(record);
  record.set_bridge_revision(record.revision());
  RepeatBridge(record);
}

void Work::RepeatLeg(const CallRecord& record) { legs_.insert(record.call().id()); }

void Work::RepeatBridge(const ConferenceRecord& record) { bridges_.insert(record.conference().id()); }

void Work::Command(RecordingRecord& record, store::NodeJob::Wanted wanted) {
  Touch(record);
  record.mutable_job()->set_wanted(wanted);
  record.mutable_job()->set_revision(record.revision());
  record.mutable_job()->set_command_at_us(ToMicroseconds(now_));
  recording_commands_.insert(record.recording().id());
}

void Work::Command(TranscribeRecord& record, store::NodeJob::Wanted wanted) {
  Touch(record);
  record.mutable_job()->set_wanted(wanted);
  record.mutable_job()->set_revision(record.revision());
  record.mutable_job()->set_command_at_us(ToMicroseconds(now_));
  transcription_commands_.insert(record.transcribe().id());
}

void Work::DeleteObjects(const RecordingRecord& record) {
  effects_.object_deletions.push_back(record.recording().id());
}

void Work::PlayBeep(const ConferenceRecord& record, const std::string& sound, const std::string& operation_id) {
  effects_.beeps.push_back({record.node_id(), record.conference().id(), sound, operation_id});
}

v1::Event& Work::AddEvent(const std::string& type, const std::string& stream, const std::string& customer_id) {
  v1::Event& event = events_.emplace_back(v1::Event(), customer_id).first;
  event.set_type(type);
  event.set_id(ids_.Next());
  event.set_stream(stream);
  SetTime(*event.mutable_time(), now_);
  return event;
}

void Work::Emit(const std::string& type, ConferenceRecord& record) {
  Touch(record);
  record.set_version(record.version() + 1);
  SetTime(*record.mutable_conference()->mutable_tm_update(), now_);
  *AddEvent(type, ConferenceStream(record.conference().id()), record.conference().customer_id()).mutable_conference() =
      Show(record);
}

void Work::Emit(const std::string& type, ConferencecallRecord& record) {
  Touch(record);
  const v1::Conferencecall& resource = record.conferencecall();
  *AddEvent(type, ConferenceStream(resource.conference_id()), resource.customer_id()).mutable_conferencecall() =
      Show(record);
}

void Work::Emit(const std::string& type, CallRecord& record) {
  Touch(record);
  *AddEvent(type, CallStream(record.call().id()), record.call().customer_id()).mutable_call() = Show(record);
}

void Work::Emit(const std::string& type, RecordingRecord& record) {
  Touch(record);
  const v1::Recording& resource = record.recording();
  *AddEvent(type, ConferenceStream(resource.reference_id()), resource.customer_id()).mutable_recording() = Show(record);
}

void Work::Emit(const std::string& type, TranscribeRecord& record) {
  Touch(record);
  const v1::Transcribe& resource = record.transcribe();
  *AddEvent(type, ConferenceStream(resource.reference_id()), resource.customer_id()).mutable_transcribe() =
      Show(record);
}

void Work::Emit(const std::string& type, const v1::Transcript& transcript, const TranscribeRecord& record) {
  const v1::Transcribe& resource = record.transcribe();
  *AddEvent(type, ConferenceStream(resource.reference_id()), resource.customer_id()).mutable_transcript() = transcript;
}

void Work::Emit(const std::string& type, const v1::Flow& flow) {
  *AddEvent(type, FlowStream(flow.id()), flow.customer_id()).mutable_flow() = flow;
}

template <typename Record, typename Table>
absl::Status Work::Write(Slots<Record>& slots, Table& table) {
  for (auto& [id, slot] : slots) {
    if (!slot.dirty) continue;
    absl::Status written = slot.IsNew() ? table.Insert(slot.record) : table.Update(slot.record, slot.read_revision);
    // Another transaction was faster: the step that runs again finds its row.
    if (slot.IsNew() && absl::IsAlreadyExists(written)) {
      return Error(absl::StatusCode::kAborted, kRowChanged, "another transaction has inserted a row");
    }
    TUTTI_RETURN_IF_ERROR(written);
    if (slot.record.deadline_at_us() != 0) {
      effects_.deadline = std::min(effects_.deadline, absl::FromUnixMicros(slot.record.deadline_at_us()));
    }
  }
  return absl::OkStatus();
}

absl::Status Work::WriteEvents() {
  struct Numbering {
    std::string customer_id;
    int64_t count = 0;
    int64_t next = 0;
  };
  std::map<std::string, Numbering> streams;
  for (const auto& [event, customer_id] : events_) {
    Numbering& numbering = streams[event.stream()];
    numbering.customer_id = customer_id;
    ++numbering.count;
  }
  for (auto& [stream, numbering] : streams) {
    TUTTI_ASSIGN_OR_RETURN(numbering.next, tx_.outbox.TakeSequences(stream, numbering.customer_id, numbering.count));
  }
  for (auto& [event, customer_id] : events_) {
    event.set_sequence(streams[event.stream()].next++);
    TUTTI_RETURN_IF_ERROR(tx_.outbox.Insert(event, customer_id));
    effects_.events.push_back(std::move(event));
  }
  return absl::OkStatus();
}

absl::Status Work::Flush() {
  TUTTI_RETURN_IF_ERROR(Write(conferences_, tx_.conferences));
  TUTTI_RETURN_IF_ERROR(Write(conferencecalls_, tx_.conferencecalls));
  TUTTI_RETURN_IF_ERROR(Write(calls_, tx_.calls));
  TUTTI_RETURN_IF_ERROR(Write(recordings_, tx_.recordings));
  TUTTI_RETURN_IF_ERROR(Write(transcribes_, tx_.transcribes));
  for (const auto& write : at_end_) TUTTI_RETURN_IF_ERROR(write(tx_));
  TUTTI_RETURN_IF_ERROR(WriteEvents());
  for (const std::string& id : bridges_) {
    const ConferenceRecord& record = conferences_.at(id).record;
    effects_.bridges.push_back({record.node_id(), id, record.bridge_revision()});
  }
  for (const std::string& id : legs_) {
    const CallRecord& record = calls_.at(id).record;
    effects_.legs.push_back({record.node_id(), id, record.leg_revision()});
  }
  for (const std::string& id : recording_commands_) {
    const store::NodeJob& job = recordings_.at(id).record.job();
    effects_.recordings.push_back({job.node_id(), id, job.revision()});
  }
  for (const std::string& id : transcription_commands_) {
    const store::NodeJob& job = transcribes_.at(id).record.job();
    effects_.transcriptions.push_back({job.node_id(), id, job.revision()});
  }
  effects_.operations.assign(operations_.begin(), operations_.end());
  return absl::OkStatus();
}

v1::Conference Show(const ConferenceRecord& record) {
  v1::Conference conference = record.conference();
  conference.set_etag(absl::StrCat(record.version()));
  conference.clear_pin();
  return conference;
}

v1::Conferencecall Show(const ConferencecallRecord& record) { return record.conferencecall(); }

v1::Call Show(const CallRecord& record) { return record.call(); }

v1::Flow Show(const store::FlowRecord& record) { return record.flow(); }

v1::Sound Show(const store::SoundRecord& record) { return record.sound(); }

v1::Recording Show(const RecordingRecord& record) { return record.recording(); }

v1::Transcribe Show(const TranscribeRecord& record) { return record.transcribe(); }

v1::Transcript Show(const store::TranscriptRecord& record) { return record.transcript(); }

v1::Webhook Show(const store::WebhookRecord& record) {
  v1::Webhook webhook = record.webhook();
  webhook.set_etag(absl::StrCat(record.revision()));
  webhook.clear_secret();
  return webhook;
}

v1::WebhookDelivery Show(const WebhookDeliveryTable::Delivery& delivery) {
  v1::WebhookDelivery shown;
  shown.set_id(delivery.id);
  shown.set_webhook_id(delivery.webhook_id);
  shown.set_type(delivery.type);
  shown.set_stream(delivery.stream);
  shown.set_sequence(delivery.sequence);
  shown.set_state(delivery.state);
  shown.set_attempts(delivery.attempts);
  shown.set_last_status(delivery.last_status);
  shown.set_last_error(delivery.last_error);
  SetTime(*shown.mutable_tm_create(), absl::FromUnixMicros(delivery.tm_create_us));
  if (delivery.tm_update_us != 0) SetTime(*shown.mutable_tm_update(), absl::FromUnixMicros(delivery.tm_update_us));
  if (delivery.state == v1::WebhookDelivery::STATE_PENDING && delivery.next_attempt_us != 0) {
    SetTime(*shown.mutable_tm_next_attempt(), absl::FromUnixMicros(delivery.next_attempt_us));
  }
  return shown;
}

std::string ConferenceStream(const std::string& conference_id) { return absl::StrCat("conference:", conference_id); }

std::string CallStream(const std::string& call_id) { return absl::StrCat("call:", call_id); }

std::string FlowStream(const std::string& flow_id) { return absl::StrCat("flow:", flow_id); }

}  // namespace tutti::control
