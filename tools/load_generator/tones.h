#ifndef TOOLS_LOAD_GENERATOR_TONES_H_
#define TOOLS_LOAD_GENERATOR_TONES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tutti::tools {

// The sines that talkers send, Hz. Neighbours in this list, which meet in a
// room, are far apart, and no sum or difference of few of them is another: the
// distortion of G.711 must not look like somebody's voice.
constexpr std::array<int, 19> kTonesHz = {503, 811,  1103, 1409, 1721, 2029, 2339, 2659, 2953, 653,
                                          947, 1259, 1571, 1873, 2179, 2503, 2801, 367,  3089};
constexpr int kTonesMax = static_cast<int>(kTonesHz.size());

// Index into kTonesHz of a room's talker. A room's talkers, up to kTonesMax, all
// differ; rooms that come near one another in number share none where it fits.
int ToneOf(int room, int talkers_per_room, int talker);

// The peak of one talker's sine: so that all talkers of a room together stay
// well below the limiter.
double TonePeak(int talkers_per_room);

// One second of a sine of whole Hz: it repeats without a seam.
std::vector<int16_t> ToneSecond(int frequency_hz, int sample_rate_hz, double peak);

// One second of noise at -62 dBFS: below the gate, of a caller who says nothing.
std::vector<int16_t> QuietNoiseSecond(int sample_rate_hz, uint64_t seed);

// Level of a sine that has this peak, dBFS (a full square wave is 0).
double SineDbfs(double peak);

// Levels of all kTonesHz in a piece of sound, dBFS. For one length and rate.
class ToneMeter {
 public:
  ToneMeter(int samples, int sample_rate_hz);
  std::array<double, kTonesMax> Measure(std::span<const int16_t> samples) const;

 private:
  std::vector<float> window_;  // Hann
  std::array<float, kTonesMax> coefficients_ = {};
};

}  // namespace tutti::tools

#endif  // TOOLS_LOAD_GENERATOR_TONES_H_
