#ifndef MEDIAPLANE_AUDIO_TALK_H_
#define MEDIAPLANE_AUDIO_TALK_H_

#include <bit>
#include <cstddef>
#include <cstdint>

#include "mediaplane/audio/format.h"
#include "mediaplane/audio/gate.h"

namespace tutti::mediaplane {

// Who talks, for events and displays: slower than the gate. On when 100 ms of the
// last 200 ms were above -45 dBFS (a click is not speech), off after 800 ms in a row
// below. Counts frames, so the same audio always gives the same answer.
class TalkDetector {
 public:
  enum class Change : uint8_t { kNone, kStarted, kStopped };

  Change Update(uint64_t sum_squares, size_t samples) {
    // Most legs, most of the time.
    if (sum_squares == 0 && recent_ == 0 && !talking_) return Change::kNone;
    const bool loud = sum_squares > uint64_t{kMeanSquareMinus45Dbfs} * samples;
    recent_ = static_cast<uint16_t>((recent_ << 1 | (loud ? 1 : 0)) & kWindowMask);
    quiet_frames_ = loud ? 0 : static_cast<uint8_t>(quiet_frames_ < kOffFrames ? quiet_frames_ + 1 : kOffFrames);
    if (!talking_ && std::popcount(recent_) >= kOnFrames) {
      talking_ = true;
      return Change::kStarted;
    }
    if (talking_ && quiet_frames_ >= kOffFrames) {
      talking_ = false;
      return Change::kStopped;
    }
    return Change::kNone;
  }

  bool talking() const { return talking_; }

  void Reset() { *this = TalkDetector(); }

  // It can't be heard: what it says does not count. Whether it had been talking.
  bool Silence() {
    const bool was = talking_;
    Reset();
    return was;
  }

 private:
  static constexpr int kOnFrames = 100 / kTickMs;
  static constexpr uint16_t kWindowMask = (1u << (200 / kTickMs)) - 1;
  static constexpr uint8_t kOffFrames = 800 / kTickMs;

  uint16_t recent_ = 0;  // newest frame in bit 0, set: loud
  uint8_t quiet_frames_ = 0;
  bool talking_ = false;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_AUDIO_TALK_H_
