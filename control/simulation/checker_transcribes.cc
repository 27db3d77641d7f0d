#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/simulation/checker.h"

// What holds of transcriptions and their texts.

namespace tutti::control::simulation {

using control::Lock;
using control::Transaction;
using T = v1::Transcribe;

void Checker::CheckTranscribeEvent(const v1::Event& event) {
  const auto what = [&] { return event.ShortDebugString(); };
  if (event.has_transcript()) {
    Expect(texts_.insert(event.transcript().message()).second, "a text twice: ", what);
    Expect(CountOf("transcribe_done", event.transcript().transcribe_id()) == 0, "a text after the end: ", what);
    return;
  }
  const std::string& id = event.transcribe().id();
  if (event.type() == "transcribe_updated") {
    const auto degraded = degraded_.find(id);
    Expect(event.transcribe().degraded() != (degraded != degraded_.end() && degraded->second),
           "nothing has changed: ", what);
    degraded_[id] = event.transcribe().degraded();
    return;
  }
  Expect(++effects_[event.type()][id] == 1, "an effect twice: ", what);
  Expect(CountOf("transcribe_created", id) == 1, "a transcription that nobody asked for: ", what);
  if (event.type() != "transcribe_done") return;
  Expect(event.transcribe().has_tm_end() && event.transcribe().status() != T::STATUS_PROGRESSING,
         "done without an end: ", what);
  if (event.transcribe().failure_reason() != 0) {
    ++counts_[absl::StrCat("TRANSCRIBE_", T::FailureReason_Name(event.transcribe().failure_reason()))];
  }
}

absl::Status Checker::CheckTranscribe(Transaction& tx, const store::TranscribeRecord& record) {
  const T& transcribe = record.transcribe();
  const bool is_over = transcribe.status() != T::STATUS_PROGRESSING;
  const auto known = rows_.find(transcribe.id());
  if (known == rows_.end() || known->second.revision != record.revision()) {
    Note(transcribes_, transcribe.id(), transcribe.status(), record.revision(), record.deadline_at_us(), is_over);
  }
  const auto what = [&] {
    return absl::StrCat(world_.Name("transcribe", transcribe.id()), ": ", record.ShortDebugString());
  };
  Expect((record.deadline_at_us() == 0) == is_over && transcribe.has_tm_end() == is_over,
         "not as a transcription that is over, or that is not: ", what);
  Expect(is_over == (CountOf("transcribe_done", transcribe.id()) == 1), "its end was not told once: ", what);
  TUTTI_ASSIGN_OR_RETURN(const auto room, tx.conferences.Find(transcribe.reference_id(), Lock::kNo));
  if (!room.has_value()) {
    Expect(false, "no room: ", what);
    return absl::OkStatus();
  }
  const bool is_rooms = !is_over && record.job().wanted() == store::NodeJob::WANTED_RUN;
  Expect((room->conference().transcribe_id() == transcribe.id()) == is_rooms, "transcribe_id is not true: ", what);
  return absl::OkStatus();
}

void Checker::CheckTexts(Transaction& tx) {
  for (const auto& node : nodes_) {
    for (const auto& [id, texts] : node->said()) {
      const auto record = tx.transcribes.Find(id, Lock::kNo);
      if (!record.ok() || !record->has_value()) return world_.Fail(absl::StrCat("an unknown transcription: ", id));
      const T& transcribe = (*record)->transcribe();
      if (transcribe.degraded() || transcribe.status() == T::STATUS_FAILED) continue;
      for (const std::string& text : texts) {
        Expect(texts_.contains(text), "a text is lost and nobody says so: ", [&] {
          return absl::StrCat(text, " of ", world_.Name("transcribe", id), " ", (*record)->ShortDebugString());
        });
      }
    }
  }
}

}  // namespace tutti::control::simulation
