#ifndef MEDIAPLANE_ENGINE_MIXER_H_
#define MEDIAPLANE_ENGINE_MIXER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "mediaplane/audio/codec.h"
#include "mediaplane/audio/format.h"
#include "mediaplane/engine/bridge.h"

namespace tutti::mediaplane {

// One tick of one bridge: the sums, what listeners hear of them, and their
// encoded forms, each made once and only when somebody needs it. A worker has
// one, for all its bridges in turn.
class Mixer {
 public:
  Mixer();

  void Begin(Bridge& bridge);

  // A talker's frame into the sum of its rate.
  void Add(MixRate rate, const int16_t* samples);

  // The ends of what has left the mix, kTailSamplesMax or fewer samples.
  void AddTail(MixRate rate, const int32_t* samples, size_t count);

  // A sound that all in the bridge hear, at every rate; before Finish.
  int16_t* SoundSamples(MixRate rate) { return sound_[static_cast<size_t>(rate)].data(); }
  void AddSound();

  // All talkers are in: brings each rate's sum into the other one, and runs the
  // shared encoder with memory.
  void Finish(const CommonSilence& silence);

  // What a talker hears: all but `own`, limited. FormatOf's samples a frame.
  void MixMinus(MixRate rate, const int16_t* own, int16_t* out) const;

  // The same before it is limited; null `own` subtracts nothing.
  void WideMixMinus(MixRate rate, const int16_t* own, int32_t* out) const;

  // What a listener hears; valid until Begin.
  const int16_t* Listener(MixRate rate);
  std::span<const uint8_t> ListenerPayload(Codec codec);

  // What a leg on hold hears by a codec without memory; only while there is a
  // hold sound.
  std::span<const uint8_t> HoldPayload(Codec codec);

  // One frame of a codec without memory.
  void EncodeStateless(Codec codec, const int16_t* samples, uint8_t* out);

  // Encoder runs here since the last call.
  uint64_t TakeEncodes();

 private:
  static constexpr size_t kRates = static_cast<size_t>(MixRate::kCount);
  static constexpr size_t kCodecs = static_cast<size_t>(Codec::kCount);

  struct PerRate {
    bool present = false;  // somebody hears it
    bool talkers = false;  // the sum is not all zero
    bool limited = false;  // `listener` is made
    bool sound = false;    // `sounds` is to be added
    alignas(64) std::array<int32_t, kSamplesPerFrameMax> sum;
    alignas(64) std::array<int32_t, kSamplesPerFrameMax> sounds;
    alignas(64) std::array<int32_t, kSamplesPerFrameMax> total;  // sum with the other rate
    alignas(64) std::array<int16_t, kSamplesPerFrameMax> listener;
  };
  struct PerCodec {
    bool encoded = false;
    bool hold_encoded = false;
    alignas(64) std::array<uint8_t, kBytesPerFrameMax> bytes;
    alignas(64) std::array<uint8_t, kBytesPerFrameMax> hold_bytes;
  };

  PerRate& rate(MixRate r) { return rates_[static_cast<size_t>(r)]; }
  const PerRate& rate(MixRate r) const { return rates_[static_cast<size_t>(r)]; }

  std::array<Encoder, kCodecs> stateless_;
  Bridge* bridge_ = nullptr;
  uint64_t encodes_ = 0;
  std::array<PerRate, kRates> rates_;
  std::array<PerCodec, kCodecs> codecs_;
  std::array<std::array<int16_t, kSamplesPerFrameMax>, kRates> sound_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_MIXER_H_
