#include "speech/synthesizer/synthesizer_registry.h"

#include <gtest/gtest.h>

#include <utility>

#include "common/status/status.h"

namespace tutti::speech {
namespace {

class FakeSynthesizer final : public Synthesizer {
 public:
  explicit FakeSynthesizer(const std::vector<std::pair<std::string, std::string>>& voices) {
    for (const auto& [name, language] : voices) {
      v1::Voice& voice = voices_.emplace_back();
      voice.set_voice(name);
      voice.set_language(language);
    }
  }
  const std::vector<v1::Voice>& voices() const override { return voices_; }
  absl::StatusOr<Sound> Speak(const std::string&, const v1::Voice&, const std::atomic<bool>&) override {
    return Sound{};
  }

 private:
  std::vector<v1::Voice> voices_;
};

class SynthesizerRegistryTest : public testing::Test {
 protected:
  SynthesizerRegistryTest() {
    registry_.Add(std::make_unique<FakeSynthesizer>(
        std::vector<std::pair<std::string, std::string>>{{"slt", "en-US"}, {"rms", "en-US"}}));
    registry_.Add(std::make_unique<FakeSynthesizer>(std::vector<std::pair<std::string, std::string>>{
        {"pt", "pt"}, {"pt-br", "pt-BR"}, {"en-gb", "en-GB"}, {"en-gb", "en"}}));
  }
  std::string Chosen(const std::string& language, const std::string& voice = "") const {
    const auto choice = registry_.Choose(language, voice);
    return choice.ok() ? choice->voice->voice() : GetErrorDetail(choice.status()).reason;
  }

  SynthesizerRegistry registry_;
};

TEST_F(SynthesizerRegistryTest, ChoosesByLanguageThenByName) {
  EXPECT_EQ(Chosen("en-US"), "slt");
  EXPECT_EQ(Chosen("en-US", "rms"), "rms");
  EXPECT_EQ(Chosen("EN-us"), "slt");
  EXPECT_EQ(Chosen("en-GB"), "en-gb");
}

TEST_F(SynthesizerRegistryTest, JustThatTagGoesBeforeAWiderOne) {
  EXPECT_EQ(Chosen("pt-BR"), "pt-br");
  EXPECT_EQ(Chosen("pt-PT"), "pt");
  EXPECT_EQ(Chosen("pt"), "pt");
}

TEST_F(SynthesizerRegistryTest, WhatThereIsNotIsSaid) {
  EXPECT_EQ(Chosen("en-US", "pt"), "VOICE_NOT_FOUND");
  const auto refused = registry_.Choose("de", "");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(GetErrorDetail(refused.status()).reason, "LANGUAGE_NOT_SUPPORTED");
  EXPECT_EQ(GetErrorDetail(refused.status()).details.at("supported"), "en, en-GB, en-US, pt, pt-BR");
}

}  // namespace
}  // namespace tutti::speech
