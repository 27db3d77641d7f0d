#include "speech/synthesizer/flite_synthesizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <thread>

#include "common/status/status.h"

namespace tutti::speech {
namespace {

const std::atomic<bool> never = false;

TEST(FliteSynthesizerTest, EachVoiceSpeaks) {
  FliteSynthesizer flite;
  ASSERT_EQ(flite.voices().size(), 4u);
  EXPECT_EQ(flite.voices()[0].voice(), "slt");
  for (const v1::Voice& voice : flite.voices()) {
    EXPECT_EQ(voice.language(), "en-US");
    const auto sound = flite.Speak("Please enter your number.", voice, never);
    ASSERT_TRUE(sound.ok());
    EXPECT_EQ(sound->sample_rate_hz, 16'000);
    EXPECT_GT(sound->samples.size(), 16'000u) << voice.voice();
    EXPECT_GT(std::abs(*std::max_element(sound->samples.begin(), sound->samples.end())), 3000);
  }
}

TEST(FliteSynthesizerTest, ALongerTextIsLonger) {
  FliteSynthesizer flite;
  const auto once = flite.Speak("one two three", flite.voices()[0], never);
  const auto twice = flite.Speak("one two three one two three", flite.voices()[0], never);
  EXPECT_GT(twice->samples.size(), once->samples.size() * 3 / 2);
}

TEST(FliteSynthesizerTest, AnyTextIsSpokenOrSilent) {
  FliteSynthesizer flite;
  std::minstd_rand random(7);
  std::vector<std::string> texts = {" ",
                                    "...",
                                    "$1,234.56 3rd Dr. x@y.z 12:30 <b> & %",
                                    "\xE4\xBD\xA0\xE5\xA5\xBD",
                                    "caf\xC3\xA9 \xE2\x80\x9Cquoted\xE2\x80\x9D",
                                    std::string(300, 'a'),
                                    std::string(200, '9')};
  for (int i = 0; i < 50; ++i) {
    std::string& text = texts.emplace_back();
    for (int k = 0; k < 40; ++k) text += static_cast<char>(' ' + random() % 95);
  }
  for (const std::string& text : texts) EXPECT_TRUE(flite.Speak(text, flite.voices()[0], never).ok()) << text;
}

TEST(FliteSynthesizerTest, ManyThreadsSpeakTheSame) {
  FliteSynthesizer flite;
  const auto expected = flite.Speak("one two", flite.voices()[0], never);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 5; ++k) {
        // Its breath is random.
        EXPECT_EQ(flite.Speak("one two", flite.voices()[0], never)->samples.size(), expected->samples.size());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(FliteSynthesizerTest, ATextIsCutOffWithinItself) {
  FliteSynthesizer flite({absl::ZeroDuration(), absl::ZeroDuration()});
  for (const v1::Voice& voice : flite.voices()) {
    const absl::Status late = flite.Speak("Please enter your number.", voice, never).status();
    EXPECT_EQ(GetErrorDetail(late).reason, "SYNTHESIS_FAILED");
    EXPECT_THAT(std::string(late.message()), testing::HasSubstr("took too long")) << voice.voice();
  }
  // The next one has its own time.
  FliteSynthesizer other;
  EXPECT_TRUE(other.Speak("Please enter your number.", other.voices()[0], never).ok());
}

TEST(FliteSynthesizerTest, AnUnknownVoiceAndACancelledTextAreErrors) {
  FliteSynthesizer flite;
  v1::Voice nobody;
  nobody.set_voice("nobody");
  EXPECT_EQ(flite.Speak("x", nobody, never).status().code(), absl::StatusCode::kInternal);
  const std::atomic<bool> cancelled = true;
  EXPECT_TRUE(absl::IsCancelled(flite.Speak("x", flite.voices()[0], cancelled).status()));
}

}  // namespace
}  // namespace tutti::speech
