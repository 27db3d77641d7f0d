#ifndef MEDIAPLANE_TRANSCRIPTION_NOISE_FLOOR_H_
#define MEDIAPLANE_TRANSCRIPTION_NOISE_FLOOR_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace tutti::mediaplane {

// How loud it is where a leg speaks while nobody does: the quietest frame of the last
// three seconds (the idea of R. Martin's minimum statistics). Speech has such gaps
// between its sounds, so it is not taken for noise; a hum is, three seconds after it
// has begun.
class NoiseFloor {
 public:
  // dBFS of the quietest place that we believe in.
  static constexpr float kMinDb = -70;

  NoiseFloor() { minima_.fill(kMinDb); }

  void Take(float level_db) {
    minima_[at_] = std::min(minima_[at_], std::max(level_db, kMinDb));
    if (++frames_ < kFramesPerMinimum) return;
    frames_ = 0;
    at_ = (at_ + 1) % minima_.size();
    minima_[at_] = 0;
  }

  float Db() const { return *std::min_element(minima_.begin(), minima_.end()); }

 private:
  static constexpr int kFramesPerMinimum = 15;

  std::array<float, 10> minima_;
  size_t at_ = 0;
  int frames_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TRANSCRIPTION_NOISE_FLOOR_H_
