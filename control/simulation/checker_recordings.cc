#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/principal.h"
#include "control/rules/times.h"
#include "control/simulation/checker.h"

// What holds of recordings.

namespace tutti::control::simulation {

using control::FromTimestamp;
using control::Lock;
using control::Transaction;
using R = v1::Recording;

namespace {

// What only the reconciler finds.
constexpr absl::Duration kReconciled = absl::Seconds(35);

bool IsOver(R::Status status) { return status == R::STATUS_ENDED || status == R::STATUS_FAILED; }

bool IsActive(R::Status status) { return !IsOver(status) && status != R::STATUS_STOPPING; }

}  // namespace

void Checker::CheckRecordingEvent(const v1::Event& event) {
  const std::string& id = event.recording().id();
  const std::string& type = event.type();
  const auto what = [&] { return event.ShortDebugString(); };
  const int started = CountOf("recording_started", id);
  const int over = CountOf("recording_finished", id) + CountOf("recording_failed", id);
  Expect(over == 0, "a recording's event after its end: ", what);
  ++effects_[type][id];
  if (type == "recording_started") {
    Expect(started == 0, "it started twice: ", what);
  } else if (type == "recording_paused" || type == "recording_resumed") {
    const int paused = CountOf("recording_paused", id) - CountOf("recording_resumed", id);
    Expect(started == 1 && paused == (type == "recording_paused" ? 1 : 0), "paused out of order: ", what);
  } else if (type == "recording_finished") {
    Expect(started == 1 && event.recording().files_size() > 0, "it ended without having begun: ", what);
  } else {
    Expect(event.recording().failure_reason() != 0, "it failed of nothing: ", what);
    ++counts_[R::FailureReason_Name(event.recording().failure_reason())];
  }
}

absl::Status Checker::CheckRecording(Transaction& tx, const store::RecordingRecord& record) {
  const R& recording = record.recording();
  const bool is_over = IsOver(recording.status());
  const auto known = rows_.find(recording.id());
  // Paused and recording are one.
  const int status = recording.status() == R::STATUS_PAUSED ? R::STATUS_RECORDING : recording.status();
  if (known == rows_.end() || known->second.revision != record.revision()) {
    Note(recordings_, recording.id(), status, record.revision(), record.deadline_at_us(), is_over);
  }
  const auto what = [&] {
    return absl::StrCat(world_.Name("recording", recording.id()), ": ", record.ShortDebugString());
  };
  Expect((record.deadline_at_us() == 0) == is_over && (record.over_at_us() != 0) == is_over,
         "not as a recording that is over, or that is not: ", what);
  Expect((recording.failure_reason() != 0) == (recording.status() == R::STATUS_FAILED), "failure_reason: ", what);
  Expect(is_over == (CountOf("recording_finished", recording.id()) + CountOf("recording_failed", recording.id()) == 1),
         "its end was not told once: ", what);
  TUTTI_ASSIGN_OR_RETURN(const auto room, tx.conferences.Find(recording.reference_id(), Lock::kNo));
  if (!room.has_value()) {
    Expect(false, "no room: ", what);
    return absl::OkStatus();
  }
  Expect((room->conference().recording_id() == recording.id()) == IsActive(recording.status()),
         "recording_id is not true: ", what);
  const bool is_open = room->conference().status() == v1::Conference::STATUS_PROGRESSING;
  Expect(!IsActive(recording.status()) ||
             (is_open && room->bridge_wanted() == store::WANTED_PUT && room->node_id() == record.job().node_id()),
         "it is where its room is not: ", what);
  return absl::OkStatus();
}

// A node records what is wanted and nothing else.
void Checker::CheckRecordings(Transaction& tx, SimulatedNode& node) {
  using State = media::v1::RecordingState;
  for (const auto& [id, state] : node.media().recordings) {
    const auto record = tx.recordings.Find(id, Lock::kNo);
    if (!record.ok() || !record->has_value()) return world_.Fail(absl::StrCat("an unknown recording: ", id));
    const R& recording = (*record)->recording();
    if (world_.Now() - FromTimestamp(recording.tm_update()) < kReconciled) continue;
    const bool is_over = state.status() == State::STATUS_ENDED || state.status() == State::STATUS_FAILED;
    const auto what = [&] {
      return absl::StrCat(world_.Name("recording", id), " on ", node.id(), ": ", (*record)->ShortDebugString(), " / ",
                          state.ShortDebugString());
    };
    Expect(is_over == IsOver(recording.status()), "node and store differ about a recording: ", what);
    Expect(!is_over || recording.files_size() == state.files_size(), "its files are not known: ", what);
    if (is_over) continue;
    const bool is_paused = state.status() == State::STATUS_PAUSED;
    Expect(is_paused == (recording.status() == R::STATUS_PAUSED) &&
               is_paused == ((*record)->job().wanted() == store::NodeJob::WANTED_PAUSE),
           "paused or not: ", what);
  }
}

}  // namespace tutti::control::simulation
