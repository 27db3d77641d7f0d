#include "tools/caller/sound.h"

#include <fcntl.h>
#include <sndfile.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/caller/resample.h"

extern char** environ;

namespace tutti::tools {
namespace {

constexpr int64_t kSoundSecondsMax = 30 * 60;
constexpr int kChannelsMax = 64;
constexpr size_t kTextBytesMax = 4'000;

absl::Status Bad(const std::string& sentence) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_SOUND", sentence);
}

}  // namespace

void SilenceSource::Read(std::span<int16_t> out) { std::fill(out.begin(), out.end(), 0); }

ToneSource::ToneSource(double frequency_hz, int sample_rate_hz, double level_dbfs)
    : step_(2 * M_PI * frequency_hz / sample_rate_hz), amplitude_(32767 * std::pow(10, level_dbfs / 20)) {}

void ToneSource::Read(std::span<int16_t> out) {
  for (int16_t& sample : out) {
    sample = static_cast<int16_t>(std::lround(amplitude_ * std::sin(phase_)));
    phase_ = std::fmod(phase_ + step_, 2 * M_PI);
  }
}

SamplesSource::SamplesSource(std::vector<int16_t> samples, bool repeat)
    : samples_(std::move(samples)), repeat_(repeat) {}

void SamplesSource::Read(std::span<int16_t> out) {
  for (int16_t& sample : out) {
    if (position_ == samples_.size() && repeat_) position_ = 0;
    sample = position_ < samples_.size() ? samples_[position_++] : 0;
  }
}

absl::StatusOr<std::vector<int16_t>> ReadSoundFile(const std::string& path, int sample_rate_hz) {
  SF_INFO info{};
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
  if (file == nullptr) return Bad(absl::StrCat("Can't read the sound file ", path, ": ", sf_strerror(nullptr)));
  if (info.channels < 1 || info.channels > kChannelsMax || info.samplerate < 1000 || info.samplerate > 384'000) {
    sf_close(file);
    return Bad(absl::StrCat("The sound file ", path, " has ", info.channels, " channels at ", info.samplerate, " Hz."));
  }
  std::vector<int16_t> samples;
  std::vector<int16_t> block(static_cast<size_t>(info.channels) * 4096);
  const size_t samples_max = static_cast<size_t>(kSoundSecondsMax * info.samplerate);
  while (samples.size() <= samples_max) {
    const sf_count_t frames = sf_readf_short(file, block.data(), 4096);
    if (frames <= 0) break;
    for (sf_count_t i = 0; i < frames; ++i) {
      int sum = 0;
      for (int channel = 0; channel < info.channels; ++channel) sum += block[i * info.channels + channel];
      samples.push_back(static_cast<int16_t>(sum / info.channels));
    }
  }
  sf_close(file);
  if (samples.size() > samples_max) return Bad(absl::StrCat("The sound file ", path, " is longer than 30 minutes."));
  if (samples.empty()) return Bad(absl::StrCat("The sound file ", path, " is empty."));
  return Resample(samples, info.samplerate, sample_rate_hz);
}

absl::Status WriteWav(const std::string& path, std::span<const int16_t> samples, int sample_rate_hz) {
  SF_INFO info{};
  info.samplerate = sample_rate_hz;
  info.channels = 1;
  info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  if (file == nullptr) return Bad(absl::StrCat("Can't write the sound file ", path, ": ", sf_strerror(nullptr)));
  const sf_count_t size = static_cast<sf_count_t>(samples.size());
  const bool whole = sf_writef_short(file, samples.data(), size) == size;
  if (sf_close(file) != 0 || !whole) return Bad(absl::StrCat("Can't write all of the sound file ", path, "."));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int16_t>> Speak(const std::string& text, const std::string& voice, int sample_rate_hz) {
  if (text.empty() || text.size() > kTextBytesMax) return Bad("A text to say has 1 to 4 000 bytes.");
  std::string path = (std::filesystem::temp_directory_path() / "tutti-speech-XXXXXX.wav").string();
  const int file = mkstemps(path.data(), 4);
  if (file < 0) return Bad(absl::StrCat("Can't make a file such as ", path, "."));
  close(file);
  const char* const arguments[] = {"flite", "-voice", voice.c_str(), "-t", text.c_str(), "-o", path.c_str(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int descriptor : {0, 1, 2}) {
    posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY, 0);
  }
  pid_t child = 0;
  int status = -1;
  const int spawned = posix_spawnp(&child, "flite", &actions, nullptr, const_cast<char* const*>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (spawned == 0) {
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  }
  absl::StatusOr<std::vector<int16_t>> samples =
      spawned == 0 && status == 0
          ? ReadSoundFile(path, sample_rate_hz)
          : Bad("Speech needs the program flite, which is missing or failed (apt-get install flite).");
  unlink(path.c_str());
  return samples;
}

double LevelDbfs(std::span<const int16_t> samples) {
  double energy = 0;
  for (const int16_t sample : samples) energy += double{1} * sample * sample;
  if (samples.empty() || energy == 0) return -100;
  // A full-scale sine's mean square is 32767² / 2.
  return std::max(-100.0, 10 * std::log10(energy / samples.size() / (32767.0 * 32767.0 / 2)));
}

}  // namespace tutti::tools
