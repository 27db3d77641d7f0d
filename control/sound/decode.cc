#include "control/sound/decode.h"

#include <openssl/sha.h>
#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/audio/resampler.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr int kRateMin = 4'000;
constexpr int kRateMax = 192'000;
constexpr int kChannelsMax = 8;
constexpr int kLowRate = 8'000;
constexpr int kHighRate = 16'000;
constexpr sf_count_t kBlockFrames = 4'096;
constexpr float kFullScale = 32'768.0F;

absl::Status NotSupported(const std::string& why) {
  return Error(absl::StatusCode::kInvalidArgument, "SOUND_NOT_SUPPORTED", absl::StrCat("the sound ", why));
}

// The file in memory, as libsndfile reads it.
struct Memory {
  const std::string& bytes;
  sf_count_t at = 0;

  sf_count_t size() const { return static_cast<sf_count_t>(bytes.size()); }
};

SF_VIRTUAL_IO MemoryIo() {
  SF_VIRTUAL_IO io = {};
  io.get_filelen = [](void* user) { return static_cast<Memory*>(user)->size(); };
  io.seek = [](sf_count_t offset, int whence, void* user) {
    auto& memory = *static_cast<Memory*>(user);
    const sf_count_t base = whence == SEEK_CUR ? memory.at : whence == SEEK_END ? memory.size() : 0;
    // Offsets come from the file's own fields.
    sf_count_t place = 0;
    if (__builtin_add_overflow(base, offset, &place)) return sf_count_t{-1};
    memory.at = std::clamp<sf_count_t>(place, 0, memory.size());
    return memory.at;
  };
  io.read = [](void* to, sf_count_t count, void* user) {
    auto& memory = *static_cast<Memory*>(user);
    const sf_count_t size = std::clamp<sf_count_t>(count, 0, memory.size() - memory.at);
    std::memcpy(to, memory.bytes.data() + memory.at, static_cast<size_t>(size));
    memory.at += size;
    return size;
  };
  io.write = [](const void*, sf_count_t, void*) { return sf_count_t{0}; };
  io.tell = [](void* user) { return static_cast<Memory*>(user)->at; };
  return io;
}

// libsndfile reads more kinds of files than anybody has to trust here. Of a damaged
// Ogg file it leaks what it had read.
bool IsKnownKind(const std::string& file) { return absl::StartsWith(file, "RIFF") || absl::StartsWith(file, "fLaC"); }

void Append(const std::vector<float>& mono, std::string& samples) {
  for (const float value : mono) {
    const auto sample = static_cast<int16_t>(std::lround(std::clamp(value * kFullScale, -kFullScale, kFullScale - 1)));
    const auto bits = static_cast<uint16_t>(sample);
    samples.push_back(static_cast<char>(bits & 0xFF));
    samples.push_back(static_cast<char>(bits >> 8));
  }
}

std::string Sha256(const std::string& bytes) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest.data());
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

}  // namespace

absl::StatusOr<SoundData> DecodeSound(const std::string& file) {
  if (file.size() > kSoundFileBytesMax)
    return NotSupported(absl::StrCat("has more than ", kSoundFileBytesMax, " bytes"));
  if (!IsKnownKind(file)) return NotSupported("is no WAV or FLAC file");
  Memory memory{file};
  SF_VIRTUAL_IO io = MemoryIo();
  SF_INFO info = {};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> opened(sf_open_virtual(&io, SFM_READ, &info, &memory), &sf_close);
  if (opened == nullptr) return NotSupported("can't be read: its file is damaged or of an unknown format");
  if (info.samplerate < kRateMin || info.samplerate > kRateMax) {
    return NotSupported(absl::StrCat("has ", info.samplerate, " samples a second: ", kRateMin, " to ", kRateMax));
  }
  if (info.channels < 1 || info.channels > kChannelsMax) {
    return NotSupported(absl::StrCat("has ", info.channels, " channels: 1 to ", kChannelsMax));
  }

  SoundData sound;
  sound.sample_rate_hz = info.samplerate == kLowRate ? kLowRate : kHighRate;
  std::optional<Resampler> resampler;
  if (info.samplerate != static_cast<int>(sound.sample_rate_hz)) {
    resampler.emplace(info.samplerate, static_cast<int>(sound.sample_rate_hz));
  }
  const sf_count_t frames_max = info.samplerate * absl::ToInt64Seconds(kSoundDurationMax);
  const auto channels = static_cast<size_t>(info.channels);
  std::vector<float> block(static_cast<size_t>(kBlockFrames) * channels);
  std::vector<float> mono;
  std::vector<float> out;
  // What the header says of the length is not believed.
  for (sf_count_t frames = 0;;) {
    const sf_count_t count = std::min(sf_readf_float(opened.get(), block.data(), kBlockFrames), kBlockFrames);
    if (count <= 0) break;
    frames += count;
    if (frames > frames_max) {
      return NotSupported(absl::StrCat("is longer than ", absl::ToInt64Minutes(kSoundDurationMax), " minutes"));
    }
    mono.clear();
    for (size_t frame = 0; frame < static_cast<size_t>(count); ++frame) {
      float sum = 0;
      for (size_t channel = 0; channel < channels; ++channel) sum += block[frame * channels + channel];
      const float mean = sum / static_cast<float>(channels);
      // A file of floats can hold anything.
      mono.push_back(std::isfinite(mean) ? std::clamp(mean, -1.0F, 1.0F) : 0.0F);
    }
    if (!resampler.has_value()) {
      Append(mono, sound.samples);
      continue;
    }
    out.clear();
    resampler->Process(mono, out);
    Append(out, sound.samples);
  }
  if (resampler.has_value()) {
    out.clear();
    resampler->Finish(out);
    Append(out, sound.samples);
  }
  if (sound.samples.empty()) return NotSupported("has no samples");
  return MakeSoundData(std::move(sound.samples), sound.sample_rate_hz);
}

SoundData MakeSoundData(std::string samples, uint32_t sample_rate_hz) {
  SoundData sound;
  sound.sha256 = Sha256(samples);
  sound.sample_rate_hz = sample_rate_hz;
  sound.samples = std::move(samples);
  return sound;
}

}  // namespace tutti::control
