#ifndef CONTROL_SOUND_WAV_H_
#define CONTROL_SOUND_WAV_H_

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace tutti::control {

inline std::vector<int16_t> SineSamples(double hz, int rate, double seconds, double amplitude = 8'000) {
  std::vector<int16_t> samples(static_cast<size_t>(seconds * rate));
  for (size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<int16_t>(std::lround(amplitude * std::sin(2 * M_PI * hz * static_cast<double>(i) / rate)));
  }
  return samples;
}

// A WAV file of 16 bits, every channel the same.
inline std::string WavFile(const std::vector<int16_t>& samples, int rate, int channels = 1) {
  const auto number = [](uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
    return text;
  };
  std::string data;
  for (const int16_t sample : samples) {
    for (int i = 0; i < channels; ++i) data += number(static_cast<uint16_t>(sample), 2);
  }
  const auto size = static_cast<uint32_t>(data.size());
  const auto frame = static_cast<uint32_t>(2 * channels);
  return "RIFF" + number(36 + size, 4) + "WAVEfmt " + number(16, 4) + number(1, 2) +
         number(static_cast<uint32_t>(channels), 2) + number(static_cast<uint32_t>(rate), 4) +
         number(static_cast<uint32_t>(rate) * frame, 4) + number(frame, 2) + number(16, 2) + "data" + number(size, 4) +
         data;
}

}  // namespace tutti::control

#endif  // CONTROL_SOUND_WAV_H_
