#include "mediaplane/transcription/segmenter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace tutti::mediaplane {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kStartNs = 5'000'000 * kMs;

// What came out, in milliseconds from the start.
class Recorder final : public UtteranceSink {
 public:
  struct Utterance {
    int64_t begin_ms = 0;
    int64_t end_ms = -1;
    std::vector<int16_t> samples;
  };

  void Begin(int64_t speech_ns) override {
    EXPECT_FALSE(open_);
    open_ = true;
    utterances.push_back({(speech_ns - kStartNs) / kMs, -1, {}});
  }
  void Samples(std::span<const int16_t> samples) override {
    ASSERT_TRUE(open_);
    utterances.back().samples.insert(utterances.back().samples.end(), samples.begin(), samples.end());
  }
  void End(int64_t speech_ns) override {
    ASSERT_TRUE(open_);
    open_ = false;
    utterances.back().end_ms = (speech_ns - kStartNs) / kMs;
  }

  std::vector<Utterance> utterances;

 private:
  bool open_ = false;
};

// Noise at a level, of a seed; what a voice does is noise that comes and goes.
class Signal {
 public:
  explicit Signal(uint32_t seed) : random_(seed) {}

  std::vector<int16_t> Frame(double level_db, size_t samples) {
    std::normal_distribution<double> noise(0, 32'768 * std::pow(10, level_db / 20));
    std::vector<int16_t> frame(samples);
    for (int16_t& sample : frame) sample = static_cast<int16_t>(std::clamp(noise(random_), -32'768.0, 32'767.0));
    return frame;
  }

 private:
  std::mt19937 random_;
};

class SegmenterTest : public testing::TestWithParam<MixRate> {
 protected:
  // Background and, for `voice_ms` from `voice_at_ms` on, a voice in it, four syllables
  // a second.
  void Hear(int64_t ms, double noise_db, int64_t voice_at_ms = 0, int64_t voice_ms = 0, double voice_db = -25) {
    for (int64_t at = 0; at < ms; at += kTickMs) {
      const bool speaks = at >= voice_at_ms && at < voice_at_ms + voice_ms && at % 250 < 190;
      Push(speaks ? voice_db : noise_db);
    }
  }
  void Push(double level_db) {
    segmenter_.Push(kStartNs + now_ms_ * kMs, signal_.Frame(level_db, SamplesPerFrame(GetParam())));
    now_ms_ += kTickMs;
  }
  int64_t DurationMs(const Recorder::Utterance& utterance) const {
    return static_cast<int64_t>(utterance.samples.size() * kTickMs / SamplesPerFrame(GetParam()));
  }

  Recorder out_;
  Segmenter segmenter_{GetParam(), out_};
  Signal signal_{7};
  int64_t now_ms_ = 0;
};

TEST_P(SegmenterTest, AnUtteranceHasItsPreRollAndItsHangOver) {
  Hear(5'000, -70, 2'000, 1'000);
  ASSERT_EQ(out_.utterances.size(), 1u);
  EXPECT_EQ(out_.utterances[0].begin_ms, 2'000);
  EXPECT_NEAR(static_cast<double>(out_.utterances[0].end_ms), 3'000, 80);
  EXPECT_NEAR(static_cast<double>(DurationMs(out_.utterances[0])), 200 + 1'000 + 600, 80);
  EXPECT_FALSE(segmenter_.is_open());
}

TEST_P(SegmenterTest, PausesOfASentenceDoNotCutIt) {
  Hear(2'000, -70, 1'000, 1'000);
  Hear(2'000, -70, 400, 1'000);
  Hear(3'000, -70, 2'000, 1'000);
  segmenter_.Finish();
  ASSERT_EQ(out_.utterances.size(), 2u);
  EXPECT_EQ(out_.utterances[0].begin_ms, 1'000);
  EXPECT_NEAR(static_cast<double>(out_.utterances[0].end_ms), 3'400, 80);
  EXPECT_EQ(out_.utterances[1].begin_ms, 6'000);
}

TEST_P(SegmenterTest, ClicksAreNoSpeech) {
  for (int i = 0; i < 10; ++i) Hear(1'000, -70, 500, 60, -15);
  EXPECT_TRUE(out_.utterances.empty());
}

TEST_P(SegmenterTest, AShortWordIsSpeech) {
  Hear(3'000, -70, 1'000, 180);
  Push(-25);
  EXPECT_TRUE(out_.utterances.empty());
  now_ms_ = 0;
  Recorder out;
  Segmenter segmenter(GetParam(), out);
  for (int i = 0; i < 100; ++i) {
    segmenter.Push(kStartNs + i * kTickNs, signal_.Frame(i >= 20 && i < 31 ? -25 : -70, SamplesPerFrame(GetParam())));
  }
  EXPECT_EQ(out.utterances.size(), 1u);
}

TEST_P(SegmenterTest, NoiseOfTheLegIsNoSpeechAndAVoiceInItIs) {
  // Until it is known as noise.
  Hear(6'000, -42);
  const size_t before = out_.utterances.size();
  EXPECT_LE(before, 1u);
  EXPECT_FALSE(segmenter_.is_open());
  Hear(20'000, -42);
  EXPECT_EQ(out_.utterances.size(), before);
  Hear(6'000, -42, 2'000, 2'000, -22);
  ASSERT_EQ(out_.utterances.size(), before + 1);
  EXPECT_EQ(out_.utterances.back().begin_ms, 28'000);
  EXPECT_NEAR(static_cast<double>(out_.utterances.back().end_ms), 30'000, 80);
}

TEST_P(SegmenterTest, WhoSpeaksOnIsCutWhereItIsQuietAndLosesNothing) {
  std::vector<int16_t> all;
  const auto push = [&](double level_db) {
    const auto frame = signal_.Frame(level_db, SamplesPerFrame(GetParam()));
    all.insert(all.end(), frame.begin(), frame.end());
    segmenter_.Push(kStartNs + now_ms_ * kMs, frame);
    now_ms_ += kTickMs;
  };
  // No pause at all but one breath, half a second before the longest is reached.
  for (int64_t at = 0; at < 20'000; at += kTickMs) {
    const bool breath = at >= 13'400 && at < 13'600;
    push(breath ? -55 : at % 250 < 190 ? -20 : -45);
  }
  segmenter_.Finish();
  ASSERT_EQ(out_.utterances.size(), 2u);
  const auto& [first, second] = std::tie(out_.utterances[0], out_.utterances[1]);
  EXPECT_EQ(first.begin_ms, 0);
  EXPECT_NEAR(static_cast<double>(DurationMs(first)), 13'500, 80) << "in the middle of the breath";
  EXPECT_NEAR(static_cast<double>(first.end_ms), 13'400, 80);
  EXPECT_EQ(second.begin_ms, 13'600);
  std::vector<int16_t> both = first.samples;
  both.insert(both.end(), second.samples.begin(), second.samples.end());
  EXPECT_EQ(both, all);
}

TEST_P(SegmenterTest, SilenceThatIsNotToldIsSilence) {
  Hear(2'000, -70, 1'000, 1'000);
  EXPECT_TRUE(segmenter_.is_open());
  segmenter_.Silence(kStartNs + 2'500 * kMs);
  EXPECT_TRUE(segmenter_.is_open());
  segmenter_.Silence(kStartNs + 2'700 * kMs);
  EXPECT_FALSE(segmenter_.is_open());
  ASSERT_EQ(out_.utterances.size(), 1u);
  EXPECT_NEAR(static_cast<double>(DurationMs(out_.utterances[0])), 200 + 1'000 + 600, 80);
  // Nothing was told for a long time.
  now_ms_ = 3'600'000;
  Hear(1'000, -25);
  segmenter_.Finish();
  ASSERT_EQ(out_.utterances.size(), 2u);
  EXPECT_EQ(out_.utterances[1].begin_ms, 3'600'000);
  EXPECT_EQ(out_.utterances[1].end_ms, 3'601'000);
}

TEST_P(SegmenterTest, WhatIsOpenEndsAtTheEnd) {
  Hear(1'000, -25);
  segmenter_.Finish();
  ASSERT_EQ(out_.utterances.size(), 1u);
  EXPECT_EQ(out_.utterances[0].end_ms, 1'000);
  Hear(100, -25);
  segmenter_.Finish();
  EXPECT_EQ(out_.utterances.size(), 1u) << "too short";
}

INSTANTIATE_TEST_SUITE_P(Rates, SegmenterTest, testing::Values(MixRate::k8000, MixRate::k16000));

}  // namespace
}  // namespace tutti::mediaplane
