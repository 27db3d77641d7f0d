#include "speech/recognizer/pocketsphinx_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::speech {
namespace {

// Of pocketsphinx-testdata: "go forward ten meters", and a sentence of Jane Austen's.
constexpr char kGoForward[] = "/usr/share/pocketsphinx/test/data/goforward.raw";
constexpr char kAusten[] = "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0880.wav";
constexpr size_t kWavHeadBytes = 44;

std::vector<int16_t> ReadSamples(const char* path, size_t skip) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<int16_t> samples((bytes.size() - skip) / 2);
  std::copy_n(bytes.data() + skip, samples.size() * 2, reinterpret_cast<char*>(samples.data()));
  return samples;
}

// One for all: each takes half a second to make.
Decoder& Sphinx() {
  static const std::unique_ptr<Decoder> decoder = *MakePocketsphinxDecoder(kPocketsphinxModel);
  return *decoder;
}

Transcript Understand(const std::vector<int16_t>& samples, SpeakerProfile& profile, int source_rate_hz = 16'000) {
  EXPECT_TRUE(Sphinx().Begin(profile, source_rate_hz).ok());
  constexpr size_t kPiece = 3200;
  for (size_t place = 0; place < samples.size(); place += kPiece) {
    EXPECT_TRUE(Sphinx().Feed(std::span(samples).subspan(place, std::min(kPiece, samples.size() - place))).ok());
  }
  return *Sphinx().End(profile);
}

TEST(PocketsphinxDecoderTest, UnderstandsASentence) {
  SpeakerProfile profile;
  const Transcript transcript = Understand(ReadSamples(kGoForward, 0), profile);
  EXPECT_EQ(transcript.text, "go forward ten meters");
  EXPECT_GT(transcript.confidence, 0.3);
  EXPECT_LE(transcript.confidence, 1);
  EXPECT_EQ(profile.size(), 13u);
}

TEST(PocketsphinxDecoderTest, UnderstandsMuchOfAReader) {
  SpeakerProfile profile;
  const std::vector<int16_t> samples = ReadSamples(kAusten, kWavHeadBytes);
  Understand(samples, profile);
  // "He was not an ill disposed young man."
  const Transcript transcript = Understand(samples, profile);
  EXPECT_THAT(transcript.text, testing::HasSubstr("young man"));
  EXPECT_THAT(transcript.text, testing::MatchesRegex("[a-z' .-]+"));
}

TEST(PocketsphinxDecoderTest, WhatIsNoSpeechIsNoText) {
  SpeakerProfile profile;
  EXPECT_EQ(Understand(std::vector<int16_t>(32'000, 0), profile).text, "");
  std::minstd_rand random(1);
  std::normal_distribution<float> noise(0, 300);
  std::vector<int16_t> hiss(32'000);
  for (int16_t& sample : hiss) sample = static_cast<int16_t>(noise(random));
  const Transcript transcript = Understand(hiss, profile);
  EXPECT_EQ(transcript.text, "");
  EXPECT_EQ(transcript.confidence, 0);
  EXPECT_TRUE(profile.empty());
}

TEST(PocketsphinxDecoderTest, AnUtteranceThatIsGivenUpLeavesNothing) {
  const std::vector<int16_t> speech = ReadSamples(kGoForward, 0);
  SpeakerProfile profile;
  ASSERT_TRUE(Sphinx().Begin(profile, 16'000).ok());
  ASSERT_TRUE(Sphinx().Feed(std::span(speech).first(20'000)).ok());
  EXPECT_NE(Sphinx().Interim(), "");
  EXPECT_EQ(Understand(speech, profile).text, "go forward ten meters");
  // Nor does a speaker who is forgotten.
  SpeakerProfile other;
  EXPECT_EQ(Understand(speech, other).text, "go forward ten meters");
  EXPECT_EQ(other, profile);
}

TEST(PocketsphinxDecoderTest, AnUtteranceWithoutSamplesIsNothing) {
  SpeakerProfile profile;
  EXPECT_EQ(Understand({}, profile).text, "");
}

TEST(PocketsphinxDecoderTest, AMissingModelIsOneSentence) {
  const auto decoder = MakePocketsphinxDecoder("/nowhere");
  EXPECT_EQ(GetErrorDetail(decoder.status()).reason, "MODEL_NOT_FOUND");
  EXPECT_THAT(std::string(decoder.status().message()), testing::HasSubstr("/nowhere/en-us"));
  EXPECT_TRUE(CheckPocketsphinxModel(kPocketsphinxModel).ok());
}

TEST(PocketsphinxDecoderTest, ABrokenOneIsOneSentence) {
  const std::filesystem::path real(kPocketsphinxModel);
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / absl::StrCat("model", getpid());
  std::filesystem::create_directories(folder / "en-us");
  for (const auto& entry : std::filesystem::directory_iterator(real / "en-us")) {
    std::filesystem::create_symlink(entry.path(), folder / "en-us" / entry.path().filename());
  }
  for (const char* name : {"en-us.lm.bin", "cmudict-en-us.dict"}) {
    std::filesystem::create_symlink(real / name, folder / name);
  }
  const auto break_file = [&](const char* name) {
    std::filesystem::remove(folder / name);
    std::ofstream(folder / name) << "broken";
  };
  break_file("en-us.lm.bin");
  const absl::Status model = MakePocketsphinxDecoder(folder).status();
  EXPECT_THAT(std::string(model.message()), testing::HasSubstr("could not load the model in " + folder.string()));
  break_file("en-us/transition_matrices");
  EXPECT_EXIT(MakePocketsphinxDecoder(folder).status().IgnoreError(), testing::ExitedWithCode(1),
              "cannot go on with its model: FATAL");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tutti::speech
