#ifndef MEDIAPLANE_RECORDING_RECORDING_FIGURES_H_
#define MEDIAPLANE_RECORDING_RECORDING_FIGURES_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// Of all recordings since the start, but for those said to be of now. Any thread.
struct RecordingFigures {
  std::atomic<uint64_t> active = 0;     // of now: recorded or paused
  std::atomic<uint64_t> finishing = 0;  // of now
  std::atomic<uint64_t> kept = 0;       // of now: folders, over
  std::atomic<uint64_t> ended = 0;
  std::array<std::atomic<uint64_t>, media::v1::RecordingState::Failure_ARRAYSIZE> failed = {};
  std::atomic<uint64_t> bytes_written = 0;
  std::atomic<uint64_t> ticks = 0;
  std::atomic<uint64_t> ticks_filled = 0;        // of those: silence, for they did not come
  std::atomic<uint64_t> speaker_ticks_lost = 0;  // for they had no place for another file
  std::atomic<uint64_t> waiting_ticks_max = 0;   // that waited for the disk, of one recording
  std::atomic<uint64_t> finisher_runs = 0;
  std::atomic<uint64_t> finisher_failures = 0;
  std::atomic<uint64_t> uploads_waiting = 0;  // of now: on their way, too, and deletions
  std::atomic<uint64_t> uploaded = 0;
  std::atomic<uint64_t> uploaded_bytes = 0;
  std::atomic<uint64_t> upload_failures = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_RECORDING_FIGURES_H_
