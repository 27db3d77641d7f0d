#ifndef MEDIAPLANE_TRANSCRIPTION_SEGMENTER_H_
#define MEDIAPLANE_TRANSCRIPTION_SEGMENTER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "mediaplane/audio/format.h"
#include "mediaplane/transcription/noise_floor.h"

namespace tutti::mediaplane {

// What a segmenter finds: utterances, one after the other.
class UtteranceSink {
 public:
  virtual ~UtteranceSink() = default;

  // Speech began at this moment; the samples begin up to kPreRoll earlier.
  virtual void Begin(int64_t speech_ns) = 0;
  // Whole frames of the segmenter's rate.
  virtual void Samples(std::span<const int16_t> samples) = 0;
  // Speech ended at this moment.
  virtual void End(int64_t speech_ns) = 0;
};

// Cuts what one leg says into utterances, frame by frame as it comes: speech is what
// is well above the leg's own noise. An utterance begins once there was speech for
// kSpeechMin, with kPreRoll before it; it ends after kHangOver without speech, and
// at kDurationMax at the latest, cut at its quietest moment of the last kCutWindow.
//
// Not thread-safe. Bounded: it keeps kCutWindow at most.
class Segmenter {
 public:
  static constexpr int64_t kPreRollNs = 200'000'000;
  static constexpr int64_t kSpeechMinNs = 200'000'000;
  static constexpr int64_t kHangOverNs = 600'000'000;
  static constexpr int64_t kDurationMaxNs = 15'000'000'000;
  static constexpr int64_t kCutWindowNs = 3'000'000'000;

  // `sink` outlives it.
  Segmenter(MixRate rate, UtteranceSink& sink) : rate_(rate), sink_(sink) {}

  MixRate rate() const { return rate_; }

  // A frame of kTickNs that begins at this moment. What is missing before it is
  // silence.
  void Push(int64_t at_ns, std::span<const int16_t> samples);

  // There was silence up to this moment. It need not be told unless is_open().
  void Silence(int64_t until_ns);

  // Something is said, or may be.
  bool is_open() const { return state_ != State::kQuiet; }

  // Nothing more comes: ends what is open.
  void Finish();

 private:
  enum class State {
    kQuiet,    // held_ is the pre-roll
    kMaybe,    // held_ is the pre-roll, and speech that is not long enough yet
    kSpeaking  // held_ is what could still belong to the next utterance
  };
  // A frame that was not given out.
  struct Frame {
    int64_t at_ns = 0;
    float level_db = 0;
    bool speech = false;
  };

  void Take(int64_t at_ns, std::span<const int16_t> samples);
  void Keep(const Frame& frame, std::span<const int16_t> samples);
  void Begin();
  void End();
  void Cut();
  // The first frames that are held: to the sink, or nowhere.
  void GiveOut(size_t frames);
  void Forget(size_t frames);

  const MixRate rate_;
  UtteranceSink& sink_;
  NoiseFloor floor_;
  State state_ = State::kQuiet;
  bool begun_ = false;      // next_ns_ means something
  int64_t next_ns_ = 0;     // when the next frame is due
  int64_t begin_ns_ = 0;    // first frame of speech of what is open
  int64_t speech_ns_ = 0;   // end of the last one
  int64_t samples_ns_ = 0;  // first frame that the sink got of the utterance
  int speech_frames_ = 0;   // while kMaybe
  std::vector<Frame> held_;
  std::vector<int16_t> held_samples_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TRANSCRIPTION_SEGMENTER_H_
