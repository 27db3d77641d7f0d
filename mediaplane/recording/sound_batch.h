#ifndef MEDIAPLANE_RECORDING_SOUND_BATCH_H_
#define MEDIAPLANE_RECORDING_SOUND_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "mediaplane/tap/leg_names.h"

namespace tutti::mediaplane {

// What is to be written into one file: frames of 20 ms at their places on the
// recording's time line. What is not there is silence.
struct Track {
  struct Run {
    int64_t tick = 0;  // of its first frame
    int64_t ticks = 0;
  };
  std::shared_ptr<const LegName> speaker;  // null: the mix
  std::vector<Run> runs;
  std::vector<int16_t> samples;  // of all runs

  void Add(int64_t tick, std::span<const int16_t> frame) {
    if (runs.empty() || runs.back().tick + runs.back().ticks != tick) runs.push_back({tick, 0});
    ++runs.back().ticks;
    samples.insert(samples.end(), frame.begin(), frame.end());
  }
};

// What the tap thread has heard since the writer last took it.
struct SoundBatch {
  int64_t ticks_end = 0;      // the time line's length, ticks
  int64_t heard = 0;          // ticks heard until then, for TimeLine::Written
  std::vector<Track> tracks;  // the mix first
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_SOUND_BATCH_H_
