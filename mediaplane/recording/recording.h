#ifndef MEDIAPLANE_RECORDING_RECORDING_H_
#define MEDIAPLANE_RECORDING_RECORDING_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "mediaplane/recording/disk.h"
#include "mediaplane/recording/markers.h"
#include "mediaplane/recording/recording_figures.h"
#include "mediaplane/recording/recording_files.h"
#include "mediaplane/recording/time_line.h"
#include "mediaplane/tap/leg_names.h"
#include "mediaplane/tap/tap_hub.h"
#include "tutti/media/v1/recording_folder.pb.h"

namespace tutti::mediaplane {

// Where all recordings get what they need; all outlive them.
struct RecordingTools {
  Disk* disk = nullptr;
  const LegNames* names = nullptr;
  Clock* clock = nullptr;
  // The clock that ticks are told by, nanoseconds.
  std::function<int64_t()> monotonic_ns;
  // Runs a task on a thread that may wait for the disk, those of one caller in any order.
  std::function<void(std::function<void()>)> write;
  RecordingFigures* figures = nullptr;
};

// One recording while it is written. The tap thread brings what is heard, at most 10 s
// of it wait for a writer; the control thread says what is wanted. A failure ends the
// writing, never the room.
class Recording final : public TapListener, public std::enable_shared_from_this<Recording> {
 public:
  // So much is written at once, ticks: half a second.
  static constexpr int64_t kBatchTicks = 25;

  Recording(const RecordingTools& tools, std::string folder, const media::v1::PutRecordingRequest& request);

  // Once, behind the constructor. Makes the folder.
  void Begin();

  // Control thread.
  void Pause(bool paused);
  // Nothing is added any more: what is there is written, and then closed() is true. The
  // subscription has ended.
  void End();
  // The state as it is, with status and failure; FINISHING once End was called.
  media::v1::RecordingState state() const;
  // Something of what is below may have changed since the last call: cheap, to be asked
  // often.
  bool TakeNews() { return news_.load(std::memory_order_relaxed) && news_.exchange(false, std::memory_order_acquire); }
  // It must end: a failure, or its longest duration.
  bool ends() const;
  bool closed() const;

  void OnLegJoined(const Presence& who, int64_t tick_ns) override;
  void OnLegLeft(const Presence& who, int64_t tick_ns) override;
  void OnLeg(const Presence& who, MixRate rate, int64_t tick_ns, std::span<const int16_t> samples) override;
  void OnMix(MixRate rate, int64_t tick_ns, std::span<const int16_t> samples) override;

 private:
  // On a writer thread, one at a time.
  void WriteOut();
  absl::Status WriteOnce(const SoundBatch& batch, const std::string& markers,
                         const media::v1::RecordingFolder& folder_state, bool state_changed);
  void Close(const std::string& markers, const media::v1::RecordingFolder& folder_state);

  void QueueWrite() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fail(media::v1::RecordingState::Failure failure, const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Mark(Markers::Kind kind, absl::Time time, std::shared_ptr<const LegName> who = nullptr)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Time TimeOf(int64_t tick_ns) const;
  int64_t offset_ms() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return line_.ticks() * kTickMs; }
  media::v1::RecordingState StateLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const RecordingTools tools_;
  const media::v1::PutRecordingRequest request_;
  // Writer thread.
  RecordingFiles files_;
  bool begun_ = false;

  std::atomic<bool> news_ = true;

  mutable absl::Mutex mutex_;
  TimeLine line_ ABSL_GUARDED_BY(mutex_);
  Markers markers_ ABSL_GUARDED_BY(mutex_);
  absl::Time tm_start_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  media::v1::RecordingState::Failure failure_ ABSL_GUARDED_BY(mutex_) = media::v1::RecordingState::FAILURE_UNSPECIFIED;
  bool queued_ ABSL_GUARDED_BY(mutex_) = false;
  bool state_changed_ ABSL_GUARDED_BY(mutex_) = false;  // what the folder tells is old
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool told_of_speakers_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_RECORDING_H_
