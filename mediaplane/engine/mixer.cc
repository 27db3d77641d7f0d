#include "mediaplane/engine/mixer.h"

#include <algorithm>
#include <utility>

#include "mediaplane/audio/mix.h"

namespace tutti::mediaplane {

Mixer::Mixer() {
  for (size_t c = 0; c < kCodecs; ++c) stateless_[c].Reset(static_cast<Codec>(c));
}

void Mixer::Begin(Bridge& bridge) {
  bridge_ = &bridge;
  for (size_t r = 0; r < kRates; ++r) {
    PerRate& rate = rates_[r];
    rate.present = bridge.heard(static_cast<MixRate>(r));
    rate.talkers = false;
    rate.limited = false;
    rate.sound = false;
    if (rate.present) std::fill_n(rate.sum.begin(), SamplesPerFrame(static_cast<MixRate>(r)), 0);
  }
  for (PerCodec& codec : codecs_) {
    codec.encoded = false;
    codec.hold_encoded = false;
  }
}

void Mixer::Add(MixRate r, const int16_t* samples) {
  rate(r).talkers = true;
  AddToSum(samples, rate(r).sum.data(), SamplesPerFrame(r));
}

void Mixer::AddTail(MixRate r, const int32_t* samples, size_t count) {
  if (!rate(r).present) return;
  rate(r).talkers = true;
  AddSums(samples, rate(r).sum.data(), count);
}

void Mixer::AddSound() {
  for (size_t r = 0; r < kRates; ++r) {
    PerRate& rate = rates_[r];
    const size_t samples = SamplesPerFrame(static_cast<MixRate>(r));
    if (!rate.present) continue;
    if (!std::exchange(rate.sound, true)) std::fill_n(rate.sounds.begin(), samples, 0);
    AddToSum(sound_[r].data(), rate.sounds.data(), samples);
  }
}

void Mixer::Finish(const CommonSilence& silence) {
  PerRate& low = rate(MixRate::k8000);
  PerRate& high = rate(MixRate::k16000);
  constexpr size_t kLow = SamplesPerFrame(MixRate::k8000);
  constexpr size_t kHigh = SamplesPerFrame(MixRate::k16000);
  if (low.present) std::copy_n(low.sum.begin(), kLow, low.total.begin());
  if (high.present) std::copy_n(high.sum.begin(), kHigh, high.total.begin());
  if (low.present && high.present) {
    // A silent rate is skipped only where that changes no bit: what a leg hears
    // must not depend on whether it speaks.
    std::array<int32_t, kSamplesPerFrameMax> resampled;
    if (low.talkers || !bridge_->up.quiet()) {
      bridge_->up.Process(low.sum.data(), kLow, resampled.data());
      AddSums(resampled.data(), high.total.data(), kHigh);
    }
    if (high.talkers || !bridge_->down.quiet()) {
      bridge_->down.Process(high.sum.data(), kHigh, resampled.data());
      AddSums(resampled.data(), low.total.data(), kLow);
    }
  }
  if (low.sound) AddSums(low.sounds.data(), low.total.data(), kLow);
  if (high.sound) AddSums(high.sounds.data(), high.total.data(), kHigh);
  if (bridge_->g722_legs > 0) {
    PerCodec& payload = codecs_[static_cast<size_t>(Codec::kG722)];
    encodes_ += bridge_->g722.Encode(Listener(MixRate::k16000), silence, payload.bytes.data());
    payload.encoded = true;
  }
}

void Mixer::MixMinus(MixRate r, const int16_t* own, int16_t* out) const {
  SubtractAndLimit(rate(r).total.data(), own, out, SamplesPerFrame(r));
}

void Mixer::WideMixMinus(MixRate r, const int16_t* own, int32_t* out) const {
  const size_t samples = SamplesPerFrame(r);
  std::copy_n(rate(r).total.begin(), samples, out);
  if (own == nullptr) return;
  for (size_t i = 0; i < samples; ++i) out[i] -= own[i];
}

const int16_t* Mixer::Listener(MixRate r) {
  PerRate& mix = rate(r);
  if (!std::exchange(mix.limited, true)) Limit(mix.total.data(), mix.listener.data(), SamplesPerFrame(r));
  return mix.listener.data();
}

std::span<const uint8_t> Mixer::ListenerPayload(Codec codec) {
  PerCodec& payload = codecs_[static_cast<size_t>(codec)];
  const AudioFormat& format = FormatOf(codec);
  if (!std::exchange(payload.encoded, true)) {
    EncodeStateless(codec, Listener(format.rate), payload.bytes.data());
  }
  return {payload.bytes.data(), format.bytes_per_frame};
}

std::span<const uint8_t> Mixer::HoldPayload(Codec codec) {
  PerCodec& payload = codecs_[static_cast<size_t>(codec)];
  const AudioFormat& format = FormatOf(codec);
  if (!std::exchange(payload.hold_encoded, true)) {
    EncodeStateless(codec, bridge_->hold.Frame(format.rate), payload.hold_bytes.data());
  }
  return {payload.hold_bytes.data(), format.bytes_per_frame};
}

void Mixer::EncodeStateless(Codec codec, const int16_t* samples, uint8_t* out) {
  stateless_[static_cast<size_t>(codec)].Encode(samples, out);
  ++encodes_;
}

uint64_t Mixer::TakeEncodes() { return std::exchange(encodes_, 0); }

}  // namespace tutti::mediaplane
