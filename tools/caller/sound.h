#ifndef TOOLS_CALLER_SOUND_H_
#define TOOLS_CALLER_SOUND_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tutti::tools {

// What a caller says: an endless stream of mono 16-bit samples.
class AudioSource {
 public:
  virtual ~AudioSource() = default;

  // Fills all of `out`, with silence where there is nothing to say.
  virtual void Read(std::span<int16_t> out) = 0;
};

class SilenceSource final : public AudioSource {
 public:
  void Read(std::span<int16_t> out) override;
};

// A sine; its level is that of its RMS against a full-scale sine's.
class ToneSource final : public AudioSource {
 public:
  ToneSource(double frequency_hz, int sample_rate_hz, double level_dbfs);
  void Read(std::span<int16_t> out) override;

 private:
  const double step_;
  const double amplitude_;
  double phase_ = 0;
};

class SamplesSource final : public AudioSource {
 public:
  SamplesSource(std::vector<int16_t> samples, bool repeat);
  void Read(std::span<int16_t> out) override;

 private:
  const std::vector<int16_t> samples_;
  const bool repeat_;
  size_t position_ = 0;
};

// A file that libsndfile can read (WAV, FLAC, Ogg …), at most 30 minutes; its
// channels are averaged, its rate converted.
absl::StatusOr<std::vector<int16_t>> ReadSoundFile(const std::string& path, int sample_rate_hz);

absl::Status WriteWav(const std::string& path, std::span<const int16_t> samples, int sample_rate_hz);

// `text` spoken by the program flite. `voice`: slt, rms, awb, kal16, kal.
absl::StatusOr<std::vector<int16_t>> Speak(const std::string& text, const std::string& voice, int sample_rate_hz);

// RMS against a full-scale sine's; -100 for silence.
double LevelDbfs(std::span<const int16_t> samples);

}  // namespace tutti::tools

#endif  // TOOLS_CALLER_SOUND_H_
