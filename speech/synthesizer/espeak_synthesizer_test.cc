#include "speech/synthesizer/espeak_synthesizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/status/status.h"

namespace tutti::speech {
namespace {

class EspeakSynthesizerTest : public testing::Test {
 protected:
  EspeakSynthesizerTest() {
    signal(SIGPIPE, SIG_IGN);
    std::string pattern = testing::TempDir() + "/espeakXXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~EspeakSynthesizerTest() override { std::filesystem::remove_all(folder_); }

  // A program in espeak-ng's place that has one voice, and speaks by `script`.
  std::unique_ptr<EspeakSynthesizer> Fake(const std::string& script, const EspeakSynthesizer::Limits& limits = {}) {
    const std::string path = folder_ + "/fake";
    std::ofstream(path) << "#!/bin/sh\nif [ \"$1\" = --voices ]; then echo ' 5 xx --/M Nobody x/xx'; exit; fi\n"
                        << script;
    chmod(path.c_str(), 0755);
    auto made = EspeakSynthesizer::Make(path, limits);
    EXPECT_TRUE(made.ok()) << made.status().message();
    return *std::move(made);
  }

  absl::Status Failure(const std::string& script, const EspeakSynthesizer::Limits& limits = {}) {
    const auto fake = Fake(script, limits);
    const absl::Status status = fake->Speak("text", fake->voices()[0], never_).status();
    EXPECT_EQ(GetErrorDetail(status).reason, "SYNTHESIS_FAILED");
    return status;
  }

  std::string folder_;
  const std::atomic<bool> never_ = false;
};

TEST_F(EspeakSynthesizerTest, SpeaksManyLanguages) {
  auto espeak = EspeakSynthesizer::Make("espeak-ng", {});
  ASSERT_TRUE(espeak.ok()) << espeak.status().message();
  EXPECT_GT((*espeak)->voices().size(), 50u);
  for (const char* language : {"de", "fr", "zh", "pt-BR", "ru"}) {
    const auto& voices = (*espeak)->voices();
    const auto voice = std::find_if(voices.begin(), voices.end(),
                                    [&](const v1::Voice& offered) { return offered.language() == language; });
    ASSERT_NE(voice, voices.end()) << language;
    const auto sound = (*espeak)->Speak("Guten Tag, 1 2 3", *voice, never_);
    ASSERT_TRUE(sound.ok()) << sound.status().message();
    EXPECT_GT(sound->samples.size(), static_cast<size_t>(sound->sample_rate_hz) / 2) << language;
  }
}

TEST_F(EspeakSynthesizerTest, ATextIsNoArgument) {
  auto espeak = EspeakSynthesizer::Make("espeak-ng", {});
  ASSERT_TRUE(espeak.ok());
  const auto sound = (*espeak)->Speak("-w /tmp/x --version", (*espeak)->voices()[0], never_);
  ASSERT_TRUE(sound.ok());
  EXPECT_GT(sound->samples.size(), 1000u);
}

TEST_F(EspeakSynthesizerTest, OneThatHangsOrGivesTooMuchIsAFailure) {
  EspeakSynthesizer::Limits short_time;
  short_time.time.least = absl::Seconds(2);
  EXPECT_THAT(std::string(Failure("sleep 1000", short_time).message()), testing::HasSubstr("did not end"));
  EspeakSynthesizer::Limits few_bytes;
  few_bytes.output_bytes_max = 1000;
  EXPECT_THAT(std::string(Failure("yes", few_bytes).message()), testing::HasSubstr("1000 bytes"));
}

TEST_F(EspeakSynthesizerTest, OneThatCrashesOrGivesNoWavIsAFailure) {
  EXPECT_THAT(std::string(Failure("kill -SEGV $$").message()), testing::HasSubstr("signal 11"));
  EXPECT_THAT(std::string(Failure("exit 1").message()), testing::HasSubstr("status 1"));
  EXPECT_THAT(std::string(Failure("echo hello").message()), testing::HasSubstr("no WAV"));
}

TEST_F(EspeakSynthesizerTest, OneThatIsNotWantedAnyMoreIsCancelled) {
  const auto fake = Fake("sleep 1000");
  const std::atomic<bool> cancelled = true;
  EXPECT_TRUE(absl::IsCancelled(fake->Speak("text", fake->voices()[0], cancelled).status()));
}

TEST_F(EspeakSynthesizerTest, AProgramThatIsNotThereOrAnotherOneIsOneSentence) {
  const auto missing = EspeakSynthesizer::Make("no-such-espeak", {});
  EXPECT_THAT(std::string(missing.status().message()), testing::HasSubstr("no-such-espeak"));
  const auto other = EspeakSynthesizer::Make("true", {});
  EXPECT_THAT(std::string(other.status().message()), testing::HasSubstr("lists no voice"));
}

}  // namespace
}  // namespace tutti::speech
