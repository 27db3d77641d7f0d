#include "mediaplane/audio/sound.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "mediaplane/audio/hold_music.h"
#include "mediaplane/audio/mix.h"
#include "mediaplane/audio/resample.h"

namespace tutti::mediaplane {
namespace {

constexpr size_t kLow = SamplesPerFrame(MixRate::k8000);
constexpr size_t kHigh = SamplesPerFrame(MixRate::k16000);

constexpr double kToneAmplitude = 5200;
constexpr double kToneFadeSeconds = 0.008;

struct Tone {
  double hz;
  double seconds;
};

// A tone that begins and ends softly.
void Append(const Tone& tone, std::vector<int16_t>& samples) {
  const double rate = SampleRateHz(MixRate::k16000);
  const auto count = static_cast<size_t>(std::lround(tone.seconds * rate));
  for (size_t i = 0; i < count; ++i) {
    const double at = static_cast<double>(i) / rate;
    const double edge = std::min({at, tone.seconds - at, kToneFadeSeconds}) / kToneFadeSeconds;
    samples.push_back(
        static_cast<int16_t>(std::lround(kToneAmplitude * edge * std::sin(2 * std::numbers::pi * tone.hz * at))));
  }
}

}  // namespace

std::shared_ptr<const Sound> Sound::Make(std::span<const int16_t> samples, MixRate rate) {
  std::shared_ptr<Sound> sound(new Sound());
  const size_t per_frame = SamplesPerFrame(rate);
  sound->frames_ = static_cast<uint32_t>((samples.size() + per_frame - 1) / per_frame);
  for (MixRate r : {MixRate::k8000, MixRate::k16000}) {
    sound->samples_[static_cast<size_t>(r)].resize(size_t{sound->frames_} * SamplesPerFrame(r));
  }
  std::vector<int16_t>& low = sound->samples_[static_cast<size_t>(MixRate::k8000)];
  std::vector<int16_t>& high = sound->samples_[static_cast<size_t>(MixRate::k16000)];
  std::copy(samples.begin(), samples.end(), (rate == MixRate::k8000 ? low : high).begin());
  Upsampler up;
  Downsampler down;
  std::array<int32_t, kSamplesPerFrameMax> in;
  std::array<int32_t, kSamplesPerFrameMax> out;
  for (size_t frame = 0; frame < sound->frames_; ++frame) {
    if (rate == MixRate::k8000) {
      std::copy_n(low.begin() + static_cast<std::ptrdiff_t>(frame * kLow), kLow, in.begin());
      up.Process(in.data(), kLow, out.data());
      Limit(out.data(), high.data() + frame * kHigh, kHigh);
    } else {
      std::copy_n(high.begin() + static_cast<std::ptrdiff_t>(frame * kHigh), kHigh, in.begin());
      down.Process(in.data(), kHigh, out.data());
      Limit(out.data(), low.data() + frame * kLow, kLow);
    }
  }
  return sound;
}

size_t Sound::bytes() const {
  size_t bytes = 0;
  for (const auto& samples : samples_) bytes += samples.size() * sizeof(int16_t);
  return bytes;
}

std::shared_ptr<const Sound> MakeBuiltInSound(std::string_view name) {
  std::vector<int16_t> samples;
  if (name == "beep") {
    Append({800, 0.2}, samples);
  } else if (name == "beep_entry") {
    Append({660, 0.12}, samples);
    Append({880, 0.12}, samples);
  } else if (name == "beep_exit") {
    Append({880, 0.12}, samples);
    Append({660, 0.12}, samples);
  } else if (name == "hold_music") {
    samples = MakeHoldMusic();
  } else {
    return nullptr;
  }
  return Sound::Make(samples, MixRate::k16000);
}

}  // namespace tutti::mediaplane
