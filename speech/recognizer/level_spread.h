#ifndef SPEECH_RECOGNIZER_LEVEL_SPREAD_H_
#define SPEECH_RECOGNIZER_LEVEL_SPREAD_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tutti::speech {

// How far the level of an utterance rises and falls: the loudest tenth of its 20 ms
// frames over the quietest, dB. Recorded speech has 18 or more, hiss 1, pink noise 5:
// it tells steady noise, which recognisers make words of.
class LevelSpread {
 public:
  // Samples of kDecoderRateHz.
  void Feed(std::span<const int16_t> samples);

  // There is enough to tell (200 ms), and it is no speech.
  bool IsSteadyNoise() const;

 private:
  // Of each whole frame.
  std::vector<float> levels_db_;
  double power_ = 0;
  size_t samples_ = 0;
};

}  // namespace tutti::speech

#endif  // SPEECH_RECOGNIZER_LEVEL_SPREAD_H_
