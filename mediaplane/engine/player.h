#ifndef MEDIAPLANE_ENGINE_PLAYER_H_
#define MEDIAPLANE_ENGINE_PLAYER_H_

#include <array>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "mediaplane/audio/format.h"
#include "mediaplane/audio/sound.h"
#include "mediaplane/engine/engine.h"

namespace tutti::mediaplane {

// A gain as workers apply it; +10 dB fit in 16 bits.
constexpr int kGainBits = 14;
constexpr uint16_t kUnityGain = 1 << kGainBits;

inline uint16_t GainOf(int volume_db) {
  return static_cast<uint16_t>(std::lround(kUnityGain * std::pow(10.0, volume_db / 20.0)));
}

// A sound's memory as a worker has it. The control thread holds the sound until
// the worker has told that it needs it no more.
struct SoundView {
  std::array<const int16_t*, static_cast<size_t>(MixRate::kCount)> samples = {};
  uint32_t frames = 0;  // 0: no sound

  static SoundView Of(const Sound* sound) {
    if (sound == nullptr) return {};
    return {{sound->samples(MixRate::k8000), sound->samples(MixRate::k16000)}, sound->frames()};
  }
  const int16_t* Frame(MixRate rate, uint32_t frame) const {
    return samples[static_cast<size_t>(rate)] + size_t{frame} * SamplesPerFrame(rate);
  }
  bool operator==(const SoundView&) const = default;
};

// A sound that is repeated as long as it is wanted.
struct Loop {
  SoundView sound;
  uint32_t next = 0;  // frame

  bool empty() const { return sound.frames == 0; }
  const int16_t* Frame(MixRate rate) const { return sound.Frame(rate, next); }
  void Advance() { next = next + 1 < sound.frames ? next + 1 : 0; }
};

// How the last play of a slot ended; written by its worker, read by the control
// thread.
class PlayOutcome {
 public:
  void Tell(uint32_t number, PlayEnd end) {
    value_.store(uint64_t{number} << 8 | static_cast<uint64_t>(end), std::memory_order_release);
  }
  // Of that play, once it has ended.
  std::optional<PlayEnd> Of(uint32_t number) const {
    const uint64_t value = value_.load(std::memory_order_acquire);
    if (value >> 8 != number) return std::nullopt;
    return static_cast<PlayEnd>(value & 0xff);
  }

 private:
  std::atomic<uint64_t> value_ = 0;
};

// One play under way, on its worker.
struct Player {
  SoundView sound;
  uint32_t next = 0;    // frame
  uint32_t number = 0;  // the engine's, from 1
  uint16_t gain = kUnityGain;
  bool active = false;
  bool loop = false;
  bool stop_on_dtmf = false;
  bool ending = false;  // fades out in the next frame and has ended
  PlayEnd end = PlayEnd::kFinished;

  void EndSoon(PlayEnd why) {
    if (!active || ending) return;
    ending = true;
    end = why;
  }

  // This tick's samples at one rate.
  void Render(MixRate rate, int16_t* out) const;

  // The tick is over; true when the play is, too.
  bool Advance() {
    ++next;
    if (!ending && next >= sound.frames && loop) next = 0;
    if (!ending && next < sound.frames) return false;
    active = false;
    return true;
  }
};

static_assert(std::is_trivially_copyable_v<Player> && std::is_trivially_copyable_v<Loop>);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_PLAYER_H_
