#ifndef COMMON_AUDIO_RESAMPLER_H_
#define COMMON_AUDIO_RESAMPLER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tutti {

// Another sample rate for a sound, as it comes piece by piece: a windowed sinc,
// whose values for each of the ratio's phases are made once. Flat to three quarters
// of the lower rate's half; what would fold is 60 dB down. It looks ahead, so it is
// not for live audio.
class Resampler {
 public:
  // Both in Hz, > 0.
  Resampler(int from_hz, int to_hz);

  // Appends what can be told by now.
  void Process(std::span<const float> in, std::vector<float>& out);
  // The rest; nothing may come after it.
  void Finish(std::vector<float>& out);

 private:
  void Produce(std::vector<float>& out);

  // Out rate over in rate, in lowest terms.
  int64_t up_;
  int64_t down_;
  // Input samples before and after an output's place.
  int64_t half_width_;
  // By phase, 2 * half_width_ values each.
  std::vector<float> kernel_;
  // Input from index `first_` on; negative: the silence before the sound.
  std::vector<float> buffer_;
  int64_t first_;
  // Input samples that have come, and output samples that are made.
  int64_t consumed_ = 0;
  int64_t produced_ = 0;
};

}  // namespace tutti

#endif  // COMMON_AUDIO_RESAMPLER_H_
