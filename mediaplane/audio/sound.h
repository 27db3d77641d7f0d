#ifndef MEDIAPLANE_AUDIO_SOUND_H_
#define MEDIAPLANE_AUDIO_SOUND_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "mediaplane/audio/format.h"

namespace tutti::mediaplane {

// Samples to be played, at every rate that audio is mixed at, in whole frames (the
// last one filled up with silence). Made off the workers and never changed; who
// plays it holds it by a shared_ptr, and workers have its memory by address.
class Sound {
 public:
  // Mono samples of one rate; the other rate is made here.
  static std::shared_ptr<const Sound> Make(std::span<const int16_t> samples, MixRate rate);

  uint32_t frames() const { return frames_; }
  const int16_t* samples(MixRate rate) const { return samples_[static_cast<size_t>(rate)].data(); }
  // Of its memory.
  size_t bytes() const;

 private:
  Sound() = default;

  uint32_t frames_ = 0;
  std::array<std::vector<int16_t>, static_cast<size_t>(MixRate::kCount)> samples_;
};

// A sound of the house, null for another name: "beep" (800 Hz, 200 ms), "beep_entry"
// (rising, 2 × 120 ms), "beep_exit" (falling), all at -16 dBFS with soft ends; and
// "hold_music".
std::shared_ptr<const Sound> MakeBuiltInSound(std::string_view name);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_AUDIO_SOUND_H_
