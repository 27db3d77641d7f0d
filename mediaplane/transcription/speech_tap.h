#ifndef MEDIAPLANE_TRANSCRIPTION_SPEECH_TAP_H_
#define MEDIAPLANE_TRANSCRIPTION_SPEECH_TAP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "absl/time/time.h"
#include "mediaplane/tap/leg_names.h"
#include "mediaplane/tap/tap_hub.h"
#include "mediaplane/transcription/segmenter.h"
#include "mediaplane/transcription/utterance.h"

namespace tutti::mediaplane {

// Listens to a bridge and cuts what each leg says into utterances. All of it runs
// where the hub says (TapListener), but for Finish: once the subscription has ended.
class SpeechTap final : public TapListener {
 public:
  // Is told the pieces in order; it must not wait for anything.
  using Tell = std::function<void(UtterancePiece)>;

  // When a tick was.
  using WallTime = std::function<absl::Time(int64_t tick_ns)>;

  // `names` outlives it.
  SpeechTap(const LegNames& names, WallTime wall, Tell tell);
  ~SpeechTap() override;

  void OnLegLeft(const Presence& who, int64_t tick_ns) override;
  void OnLeg(const Presence& who, MixRate rate, int64_t tick_ns, std::span<const int16_t> samples) override;
  void OnTick(int64_t tick_ns) override;

  // Nothing more comes.
  void Finish();

 private:
  class Speaker;

  const LegNames& names_;
  const WallTime wall_;
  const Tell tell_;
  uint64_t last_id_ = 0;
  // By slot: who takes another's place is another presence.
  std::map<LegSlot, std::unique_ptr<Speaker>> speakers_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TRANSCRIPTION_SPEECH_TAP_H_
