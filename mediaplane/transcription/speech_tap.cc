#include "mediaplane/transcription/speech_tap.h"

#include <utility>

namespace tutti::mediaplane {
namespace {

// What is told at once, so that a tick costs no message.
constexpr int kFramesPerPiece = 5;

}  // namespace

// One who may speak.
class SpeechTap::Speaker final : public UtteranceSink {
 public:
  Speaker(SpeechTap& tap, const Presence& who, MixRate rate) : tap_(tap), who_(who), segmenter_(rate, *this) {}

  Segmenter& segmenter() { return segmenter_; }
  const Presence& who() const { return who_; }

  void Begin(int64_t speech_ns) override {
    id_ = ++tap_.last_id_;
    const auto name = tap_.names_.Find(who_.id);
    tap_.tell_(UtteranceBegun{id_, name == nullptr ? "" : name->leg_id, SampleRateHz(segmenter_.rate()), speech_ns,
                              tap_.wall_(speech_ns)});
  }
  void Samples(std::span<const int16_t> samples) override {
    samples_.insert(samples_.end(), samples.begin(), samples.end());
    if (samples_.size() >= kFramesPerPiece * SamplesPerFrame(segmenter_.rate())) TellSamples();
  }
  void End(int64_t speech_ns) override {
    TellSamples();
    tap_.tell_(UtteranceEnded{id_, speech_ns});
  }

 private:
  void TellSamples() {
    if (!samples_.empty()) tap_.tell_(UtteranceHeard{id_, std::exchange(samples_, {})});
  }

  SpeechTap& tap_;
  const Presence who_;
  Segmenter segmenter_;
  uint64_t id_ = 0;
  std::vector<int16_t> samples_;
};

SpeechTap::SpeechTap(const LegNames& names, WallTime wall, Tell tell)
    : names_(names), wall_(std::move(wall)), tell_(std::move(tell)) {}

SpeechTap::~SpeechTap() = default;

void SpeechTap::OnLeg(const Presence& who, MixRate rate, int64_t tick_ns, std::span<const int16_t> samples) {
  std::unique_ptr<Speaker>& speaker = speakers_[who.leg.leg];
  if (speaker != nullptr && (speaker->who() != who || speaker->segmenter().rate() != rate)) {
    speaker->segmenter().Finish();
    speaker.reset();
  }
  if (speaker == nullptr) speaker = std::make_unique<Speaker>(*this, who, rate);
  speaker->segmenter().Push(tick_ns, samples);
}

void SpeechTap::OnLegLeft(const Presence& who, int64_t) {
  const auto it = speakers_.find(who.leg.leg);
  if (it == speakers_.end() || it->second->who() != who) return;
  it->second->segmenter().Finish();
  speakers_.erase(it);
}

void SpeechTap::OnTick(int64_t tick_ns) {
  for (auto& [slot, speaker] : speakers_) {
    if (speaker->segmenter().is_open()) speaker->segmenter().Silence(tick_ns + kTickNs);
  }
}

void SpeechTap::Finish() {
  for (auto& [slot, speaker] : speakers_) speaker->segmenter().Finish();
  speakers_.clear();
}

}  // namespace tutti::mediaplane
