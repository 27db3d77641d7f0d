#include "mediaplane/audio/codec.h"

#include <algorithm>
#include <cstring>

#include "mediaplane/audio/g711.h"
#include "mediaplane/audio/l16.h"

namespace tutti::mediaplane {
namespace {

// Pitch that concealment looks for, as lags: 2.5 ms (400 Hz) to 13.75 ms (73 Hz).
constexpr int kLagUsMin = 2'500;
constexpr int kLagUsMax = 13'750;
// What must be alike one lag apart, and the cross-fade after a concealment.
constexpr int kMatchUs = 5'000;

constexpr int Samples(int us, int sample_rate) { return us * sample_rate / 1'000'000; }

// The lag at which the end of a frame is most like what came before it: the largest
// correlation² / energy. Every second sample is compared at 16 kHz.
int FindPeriod(const int16_t* last, int count, int sample_rate) {
  const int step = sample_rate / 8000;
  const int match = Samples(kMatchUs, sample_rate);
  const int16_t* end = last + count - match;
  int best_lag = Samples(kLagUsMax, sample_rate);
  float best = 0;
  for (int lag = Samples(kLagUsMin, sample_rate); lag <= Samples(kLagUsMax, sample_rate); ++lag) {
    int64_t correlation = 0;
    int64_t energy = 1;
    for (int i = 0; i < match; i += step) {
      const int32_t before = (end - lag)[i];
      correlation += int32_t{end[i]} * before;
      energy += before * before;
    }
    if (correlation <= 0) continue;
    const float likeness =
        static_cast<float>(correlation) * static_cast<float>(correlation) / static_cast<float>(energy);
    if (likeness > best) {
      best = likeness;
      best_lag = lag;
    }
  }
  return best_lag;
}

}  // namespace

void Decoder::Reset(Codec codec) {
  codec_ = codec;
  has_last_ = false;
  concealed_ = 0;
  if (codec == Codec::kG722) g722_.Reset();
}

void Decoder::RememberFrame(const uint8_t* in, const int16_t* out) {
  if (codec_ == Codec::kPcmu || codec_ == Codec::kPcma) {
    std::copy_n(in, last_bytes_.size(), last_bytes_.begin());
  } else {
    std::copy_n(out, format().samples_per_frame, last_samples_.begin());
  }
  has_last_ = true;
}

bool Decoder::LastFrame(int16_t* out) const {
  if (!has_last_) return false;
  if (codec_ == Codec::kPcmu) {
    DecodePcmu(last_bytes_.data(), out, last_bytes_.size());
  } else if (codec_ == Codec::kPcma) {
    DecodePcma(last_bytes_.data(), out, last_bytes_.size());
  } else {
    std::copy_n(last_samples_.begin(), format().samples_per_frame, out);
  }
  return true;
}

void Decoder::Repeat(const int16_t* last, int16_t* out, size_t samples) {
  const int16_t* period = last + format().samples_per_frame - period_;
  for (size_t i = 0; i < samples; ++i) {
    out[i] = period[period_phase_];
    period_phase_ = static_cast<uint16_t>(period_phase_ + 1 == period_ ? 0 : period_phase_ + 1);
  }
}

void Decoder::Decode(const uint8_t* in, int16_t* out) {
  const AudioFormat& facts = format();
  switch (codec_) {
    case Codec::kPcmu:
      DecodePcmu(in, out, facts.samples_per_frame);
      break;
    case Codec::kPcma:
      DecodePcma(in, out, facts.samples_per_frame);
      break;
    case Codec::kG722:
      g722_.Decode(in, facts.bytes_per_frame, out);
      break;
    case Codec::kL16At8000:
    case Codec::kL16At16000:
      DecodeL16(in, out, facts.samples_per_frame);
      break;
    case Codec::kNone:
    case Codec::kCount:
      Silence(out);
      return;
  }
  if (concealed_ == 0) [[likely]] {
    RememberFrame(in, out);
    return;
  }
  int16_t last[kSamplesPerFrameMax];
  int16_t made_up[kSamplesPerFrameMax] = {};
  const int fade = Samples(kMatchUs, facts.sample_rate);
  const int gain = kFadeFrames - concealed_;  // quarters
  if (gain > 0 && LastFrame(last)) Repeat(last, made_up, static_cast<size_t>(fade));
  RememberFrame(in, out);
  concealed_ = 0;
  for (int i = 0; i < fade; ++i) {
    const int32_t old = made_up[i] * gain / kFadeFrames;
    out[i] = static_cast<int16_t>((old * (fade - i) + out[i] * i) / fade);
  }
}

void Decoder::Conceal(int16_t* out) {
  const int count = format().samples_per_frame;
  int16_t last[kSamplesPerFrameMax];
  if (concealed_ >= kFadeFrames || !LastFrame(last)) {
    std::fill_n(out, count, int16_t{0});
    if (has_last_) concealed_ = kFadeFrames;
    return;
  }
  if (concealed_ == 0) {
    period_ = static_cast<uint16_t>(FindPeriod(last, count, format().sample_rate));
    period_phase_ = 0;
  }
  Repeat(last, out, static_cast<size_t>(count));
  const int whole = count * kFadeFrames;
  for (int i = 0; i < count; ++i) {
    out[i] = static_cast<int16_t>(out[i] * (whole - count * concealed_ - i) / whole);
  }
  ++concealed_;
}

void Decoder::Silence(int16_t* out) {
  std::fill_n(out, format().samples_per_frame, int16_t{0});
  has_last_ = false;
  concealed_ = 0;
}

void Encoder::Reset(Codec codec) {
  codec_ = codec;
  if (codec == Codec::kG722) g722_.Reset();
}

void Encoder::Encode(const int16_t* in, uint8_t* out) {
  const AudioFormat& facts = format();
  switch (codec_) {
    case Codec::kPcmu:
      EncodePcmu(in, out, facts.samples_per_frame);
      break;
    case Codec::kPcma:
      EncodePcma(in, out, facts.samples_per_frame);
      break;
    case Codec::kG722:
      g722_.Encode(in, facts.samples_per_frame, out);
      break;
    case Codec::kL16At8000:
    case Codec::kL16At16000:
      EncodeL16(in, out, facts.samples_per_frame);
      break;
    case Codec::kNone:
    case Codec::kCount:
      std::memset(out, 0, facts.bytes_per_frame);
      break;
  }
}

bool Encoder::SameState(const Encoder& other) const {
  if (codec_ != other.codec_) return false;
  return codec_ != Codec::kG722 || g722_.SameState(other.g722_);
}

}  // namespace tutti::mediaplane
