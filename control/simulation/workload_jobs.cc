#include "absl/strings/str_cat.h"
#include "control/simulation/workload.h"

// Recordings and transcriptions.

namespace tutti::control::simulation {

using control::Core;
using C = v1::Conference;

void Workload::OperateJob() {
  switch (world_.random.Below(8)) {
    case 0:
    case 1:
      return StartRecording();
    case 2:
      return StopRecording();
    case 3:
    case 4:
      return PauseRecording();
    case 5:
    case 6:
      return StartTranscribe();
    default:
      return StopTranscribe();
  }
}

void Workload::StartRecording() {
  v1::StartRecordingRequest request;
  request.set_id(OneOf(checker_.rooms()));
  requests_.Send<C>(
      absl::StrCat("record ", world_.Name("room", request.id())),
      [request](Core& core, Done<C> done) { core.recordings().Start(Customer(), request, std::move(done)); },
      [this](const C& room) {
        if (room.recording_id().empty()) world_.Fail("a recording that begins is not the room's");
      });
}

void Workload::StopRecording() {
  const std::string id = OneOf(checker_.rooms());
  requests_.Send<C>(
      absl::StrCat("stop recording ", world_.Name("room", id)),
      [id](Core& core, Done<C> done) { core.recordings().Stop(Customer(), id, std::move(done)); },
      [this](const C& room) {
        if (!room.recording_id().empty()) world_.Fail("a recording that was stopped is the room's");
      });
}

void Workload::PauseRecording() {
  const std::string id = OneOf(checker_.rooms());
  const bool paused = world_.random.Chance(500);
  requests_.Send<C>(
      absl::StrCat(paused ? "pause" : "resume", " recording ", world_.Name("room", id)),
      [id, paused](Core& core, Done<C> done) { core.recordings().Pause(Customer(), id, paused, std::move(done)); },
      [](const C&) {});
}

void Workload::StartTranscribe() {
  v1::StartTranscribeRequest request;
  request.set_id(OneOf(checker_.rooms()));
  request.set_language("en-US");
  requests_.Send<C>(
      absl::StrCat("transcribe ", world_.Name("room", request.id())),
      [request](Core& core, Done<C> done) { core.transcribes().Start(Customer(), request, std::move(done)); },
      [this](const C& room) {
        if (room.transcribe_id().empty()) world_.Fail("a transcription that begins is not the room's");
      });
}

void Workload::StopTranscribe() {
  const std::string id = OneOf(checker_.rooms());
  requests_.Send<C>(
      absl::StrCat("stop transcribing ", world_.Name("room", id)),
      [id](Core& core, Done<C> done) { core.transcribes().StopOf(Customer(), id, std::move(done)); },
      [this](const C& room) {
        if (!room.transcribe_id().empty()) world_.Fail("a transcription that was stopped is the room's");
      });
}

}  // namespace tutti::control::simulation
