#include "mediaplane/engine/player.h"

#include <algorithm>

#include "mediaplane/audio/mix.h"
#include "mediaplane/engine/gain.h"

namespace tutti::mediaplane {

void Player::Render(MixRate rate, int16_t* out) const {
  const size_t samples = SamplesPerFrame(rate);
  if (next >= sound.frames) {
    std::fill_n(out, samples, int16_t{0});
    return;
  }
  std::copy_n(sound.Frame(rate, next), samples, out);
  if (gain != kUnityGain) ApplyGain(gain, gain, 0, out, samples);
  if (ending) FadeOut(out, FadeSamples(SampleRateHz(rate)), samples);
}

}  // namespace tutti::mediaplane
