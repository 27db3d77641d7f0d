#ifndef MEDIAPLANE_AUDIO_GATE_H_
#define MEDIAPLANE_AUDIO_GATE_H_

#include <cstddef>
#include <cstdint>

#include "mediaplane/audio/format.h"

namespace tutti::mediaplane {

// Mean square of a frame at a level, 0 dBFS being the mean square 32768².
constexpr uint32_t kMeanSquareMinus55Dbfs = 3395;
constexpr uint32_t kMeanSquareMinus45Dbfs = 33954;

// A frame above the gate's threshold. Also what the jitter buffer means by a frame
// that is not silent.
constexpr bool AboveGate(uint64_t sum_squares, size_t samples) {
  return sum_squares > uint64_t{kMeanSquareMinus55Dbfs} * samples;
}

// Whether a leg is in the mix: when this frame or any of the last 500 ms was above
// -55 dBFS. One call a tick. Two bytes of the leg.
class SpeechGate {
 public:
  enum class State : uint8_t {
    kClosed,   // a listener: nothing of it is in the mix
    kOpening,  // first frame in the mix: FadeIn() it
    kOpen,     // in the mix as it is
    kClosing,  // last frame in the mix: FadeOut() it
  };

  State Update(uint64_t sum_squares, size_t samples) {
    if (AboveGate(sum_squares, samples)) {
      frames_left_ = kHoldFrames;
      return Move(true);
    }
    if (frames_left_ == 0) return Move(false);
    --frames_left_;
    return Move(true);
  }

  void Reset() { *this = SpeechGate(); }

 private:
  static constexpr uint8_t kHoldFrames = 500 / kTickMs;

  State Move(bool in) {
    const bool was_in = in_;
    in_ = in;
    if (in) return was_in ? State::kOpen : State::kOpening;
    return was_in ? State::kClosing : State::kClosed;
  }

  uint8_t frames_left_ = 0;
  bool in_ = false;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_AUDIO_GATE_H_
