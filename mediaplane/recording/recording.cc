#include "mediaplane/recording/recording.h"

#include <algorithm>
#include <utility>

#include "common/log/log.h"
#include "common/status/status.h"
#include "google/protobuf/timestamp.pb.h"

namespace tutti::mediaplane {
namespace {

using media::v1::RecordingFolder;
using media::v1::RecordingState;

void SetTime(absl::Time time, google::protobuf::Timestamp& out) {
  const int64_t us = absl::ToUnixMicros(time);
  out.set_seconds(us / 1'000'000);
  out.set_nanos(static_cast<int32_t>(us % 1'000'000 * 1000));
}

void Raise(std::atomic<uint64_t>& highest, uint64_t value) {
  uint64_t before = highest.load(std::memory_order_relaxed);
  while (value > before && !highest.compare_exchange_weak(before, value, std::memory_order_relaxed)) {
  }
}

}  // namespace

Recording::Recording(const RecordingTools& tools, std::string folder, const media::v1::PutRecordingRequest& request)
    : tools_(tools),
      request_(request),
      files_(*tools.disk, std::move(folder), request),
      line_(request.sample_rate_hz() == 8000 ? MixRate::k8000 : MixRate::k16000,
            std::max<int64_t>(request.duration_ms_max() / kTickMs, 1)) {
  line_.Pause(request.wanted() == media::v1::PutRecordingRequest::WANTED_PAUSE);
}

void Recording::Begin() {
  absl::MutexLock lock(&mutex_);
  state_changed_ = true;
  QueueWrite();
}

absl::Time Recording::TimeOf(int64_t tick_ns) const {
  return tools_.clock->Now() + absl::Nanoseconds(tick_ns - tools_.monotonic_ns());
}

void Recording::Mark(Markers::Kind kind, absl::Time time, std::shared_ptr<const LegName> who) {
  markers_.Add(kind, offset_ms(), time, std::move(who));
}

void Recording::Pause(bool paused) {
  absl::MutexLock lock(&mutex_);
  if (line_.paused() == paused || ending_) return;
  line_.Pause(paused);
  Mark(paused ? Markers::Kind::kPaused : Markers::Kind::kResumed, tools_.clock->Now());
  state_changed_ = true;
  QueueWrite();
}

void Recording::End() {
  absl::MutexLock lock(&mutex_);
  if (std::exchange(ending_, true)) return;
  const int64_t filled = line_.filled();
  if (failure_ == RecordingState::FAILURE_UNSPECIFIED) line_.FillUntil(tools_.monotonic_ns());
  tools_.figures->ticks_filled += static_cast<uint64_t>(line_.filled() - filled);
  Mark(Markers::Kind::kEnd, tools_.clock->Now());
  QueueWrite();
}

RecordingState Recording::state() const {
  absl::MutexLock lock(&mutex_);
  return StateLocked();
}

RecordingState Recording::StateLocked() const {
  RecordingState state;
  state.set_recording_id(request_.recording_id());
  if (ending_) {
    state.set_status(RecordingState::STATUS_FINISHING);
  } else if (line_.paused()) {
    state.set_status(RecordingState::STATUS_PAUSED);
  } else {
    state.set_status(line_.ticks() > 0 ? RecordingState::STATUS_RECORDING : RecordingState::STATUS_STARTING);
  }
  state.set_failure(failure_);
  state.set_duration_ms(offset_ms());
  if (line_.ticks() == 0) return state;
  SetTime(tm_start_, *state.mutable_tm_start());
  // By the steady clock: what changed the wall clock has not changed how long it took.
  if (ending_) {
    SetTime(tm_start_ + absl::Nanoseconds(line_.last_ns() + kTickNs - line_.begin_ns()), *state.mutable_tm_end());
  }
  return state;
}

bool Recording::ends() const {
  absl::MutexLock lock(&mutex_);
  return !ending_ && (failure_ != RecordingState::FAILURE_UNSPECIFIED || line_.over());
}

bool Recording::closed() const {
  absl::MutexLock lock(&mutex_);
  return closed_;
}

void Recording::OnLegJoined(const Presence& who, int64_t tick_ns) {
  absl::MutexLock lock(&mutex_);
  Mark(Markers::Kind::kJoined, TimeOf(tick_ns), tools_.names->Find(who.id));
}

void Recording::OnLegLeft(const Presence& who, int64_t tick_ns) {
  absl::MutexLock lock(&mutex_);
  Mark(Markers::Kind::kLeft, TimeOf(tick_ns), tools_.names->Find(who.id));
}

void Recording::OnLeg(const Presence& who, MixRate rate, int64_t tick_ns, std::span<const int16_t> samples) {
  absl::MutexLock lock(&mutex_);
  if (!request_.per_speaker() || failure_ != RecordingState::FAILURE_UNSPECIFIED) return;
  const int64_t filled = line_.filled();
  if (!line_.Advance(tick_ns)) return;
  tools_.figures->ticks_filled += static_cast<uint64_t>(line_.filled() - filled);
  auto name = tools_.names->Find(who.id);
  if (name == nullptr || line_.AddLeg(who.id, std::move(name), rate, samples)) return;
  tools_.figures->speaker_ticks_lost += 1;
  if (std::exchange(told_of_speakers_, true)) return;
  log::Warning("a recording has as many speakers as it can have files: others are in the mixed one alone",
               {{"recording_id", request_.recording_id()}, {"speakers_max", TimeLine::kSpeakersMax}});
}

void Recording::OnMix(MixRate, int64_t tick_ns, std::span<const int16_t> samples) {
  absl::MutexLock lock(&mutex_);
  if (failure_ != RecordingState::FAILURE_UNSPECIFIED) return;
  const int64_t filled = line_.filled();
  if (!line_.Advance(tick_ns)) return;
  tools_.figures->ticks_filled += static_cast<uint64_t>(line_.filled() - filled);
  tools_.figures->ticks += 1;
  if (tm_start_ == absl::InfinitePast()) {
    tm_start_ = TimeOf(tick_ns);
    markers_.Add(Markers::Kind::kBegin, 0, tm_start_);
    state_changed_ = true;
    news_.store(true, std::memory_order_release);
  }
  line_.AddMix(samples);
  Raise(tools_.figures->waiting_ticks_max, static_cast<uint64_t>(line_.waiting()));
  if (line_.waiting() > TimeLine::kWaitingTicksMax) {
    return Fail(RecordingState::FAILURE_DISK_SLOW, absl::DeadlineExceededError("10 s of sound wait for the disk"));
  }
  if (line_.over()) news_.store(true, std::memory_order_release);
  if (line_.waiting() >= kBatchTicks || line_.over()) QueueWrite();
}

void Recording::Fail(RecordingState::Failure failure, const absl::Status& why) {
  if (failure_ != RecordingState::FAILURE_UNSPECIFIED) return;
  failure_ = failure;
  news_.store(true, std::memory_order_release);
  log::Error("recording failed", {{"recording_id", request_.recording_id()},
                                  {"conference_id", request_.bridge_id()},
                                  {"failure", RecordingState::Failure_Name(failure)},
                                  {"error", std::string(why.message())}});
}

void Recording::QueueWrite() {
  if (std::exchange(queued_, true)) return;
  tools_.write([self = shared_from_this()] { self->WriteOut(); });
}

absl::Status Recording::WriteOnce(const SoundBatch& batch, const std::string& markers,
                                  const RecordingFolder& folder_state, bool state_changed) {
  if (!std::exchange(begun_, true)) {
    TUTTI_RETURN_IF_ERROR(files_.Begin(folder_state));
  } else if (state_changed) {
    TUTTI_RETURN_IF_ERROR(files_.WriteState(folder_state));
  }
  TUTTI_RETURN_IF_ERROR(files_.Write(batch));
  return markers.empty() ? absl::OkStatus() : files_.WriteMarkers(markers);
}

// Whatever the disk still takes of it.
void Recording::Close(const std::string& markers, const RecordingFolder& folder_state) {
  const absl::Status statuses[] = {files_.FreeReserve(), files_.WriteState(folder_state), files_.WriteMarkers(markers),
                                   files_.Sync()};
  for (const absl::Status& status : statuses) {
    if (status.ok()) continue;
    log::Warning("a recording's end is not all on the disk",
                 {{"recording_id", request_.recording_id()}, {"error", std::string(status.message())}});
  }
}

void Recording::WriteOut() {
  for (;;) {
    SoundBatch batch;
    std::string markers;
    RecordingFolder folder_state;
    bool state_changed, failed, last;
    {
      absl::MutexLock lock(&mutex_);
      batch = line_.Take();
      last = ending_;
      state_changed = std::exchange(state_changed_, false);
      if (markers_.TakeChanged() || last) markers = markers_.Render(request_);
      *folder_state.mutable_request() = request_;
      *folder_state.mutable_state() = StateLocked();
      failed = failure_ != RecordingState::FAILURE_UNSPECIFIED;
    }
    const uint64_t bytes = files_.bytes_written();
    const absl::Status status = failed ? absl::OkStatus() : WriteOnce(batch, markers, folder_state, state_changed);
    tools_.figures->bytes_written += files_.bytes_written() - bytes;
    if (last && status.ok()) Close(markers, folder_state);
    absl::MutexLock lock(&mutex_);
    line_.Written(batch);
    if (!status.ok()) {
      Fail(absl::IsResourceExhausted(status) ? RecordingState::FAILURE_DISK_FULL : RecordingState::FAILURE_DISK_FAILED,
           status);
      // Again, for its end.
      if (last) continue;
    }
    closed_ = last;
    if (last) news_.store(true, std::memory_order_release);
    if (last || line_.waiting() < kBatchTicks) {
      queued_ = false;
      // What came meanwhile, and did not queue.
      if (!last && (ending_ || state_changed_)) QueueWrite();
      return;
    }
  }
}

}  // namespace tutti::mediaplane
