#ifndef CONTROL_SOUND_BEEPER_H_
#define CONTROL_SOUND_BEEPER_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "control/rules/media.h"
#include "control/scheduler/task_queue.h"
#include "control/sound/audio_player.h"

namespace tutti::control {

// Plays the beeps of commits, of one kind at most one a second in a room: a rush of
// joins is one beep, and none is heard late, behind an announcement. Thread-safe; does
// not block.
class Beeper {
 public:
  static constexpr absl::Duration kPause = absl::Seconds(1);

  // The player outlives it.
  Beeper(AudioPlayer& player, MonotonicClock clock) : player_(player), clock_(std::move(clock)) {}

  void Play(const std::vector<Beep>& beeps);

 private:
  bool IsDue(const Beep& beep);

  AudioPlayer& player_;
  const MonotonicClock clock_;
  absl::Mutex mutex_;
  // When it last beeped, by room and sound; what is older than the pause goes.
  std::map<std::pair<std::string, std::string>, absl::Duration> last_ ABSL_GUARDED_BY(mutex_);
  absl::Duration swept_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
};

}  // namespace tutti::control

#endif  // CONTROL_SOUND_BEEPER_H_
