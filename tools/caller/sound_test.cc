#include "tools/caller/sound.h"

#include <cstdlib>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string TempPath(const std::string& name) { return testing::TempDir() + "/" + name; }

TEST(SoundTest, ATonesLevelIsWhatWasAsked) {
  ToneSource tone(503, 8000, -12);
  std::vector<int16_t> samples(8000);
  tone.Read(samples);
  EXPECT_NEAR(LevelDbfs(samples), -12, 0.05);
  // It goes on without a jump: over many small reads it is the same tone.
  ToneSource pieces(503, 8000, -12);
  for (size_t i = 0; i < samples.size(); i += 160) {
    int16_t piece[160];
    pieces.Read(piece);
    for (size_t k = 0; k < 160; ++k) ASSERT_NEAR(piece[k], samples[i + k], 1);
  }
}

TEST(SoundTest, SamplesEndInSilenceOrRepeat) {
  std::vector<int16_t> out(5);
  SamplesSource once({1, 2, 3}, false);
  once.Read(out);
  EXPECT_THAT(out, ElementsAre(1, 2, 3, 0, 0));
  SamplesSource again({1, 2, 3}, true);
  again.Read(out);
  EXPECT_THAT(out, ElementsAre(1, 2, 3, 1, 2));
}

TEST(SoundTest, AWavFileComesBack) {
  std::vector<int16_t> samples(1600);
  ToneSource(811, 16000, -6).Read(samples);
  ASSERT_TRUE(WriteWav(TempPath("tone.wav"), samples, 16000).ok());
  const auto read = ReadSoundFile(TempPath("tone.wav"), 16000);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, samples);
  EXPECT_EQ(ReadSoundFile(TempPath("tone.wav"), 8000)->size(), 800u);
}

TEST(SoundTest, AMissingFileIsASentence) {
  EXPECT_THAT(std::string(ReadSoundFile("/no/such.wav", 8000).status().message()), HasSubstr("/no/such.wav"));
  EXPECT_FALSE(WriteWav("/no/such/folder.wav", {}, 8000).ok());
}

TEST(SoundTest, SilenceHasTheLowestLevel) {
  EXPECT_EQ(LevelDbfs({}), -100);
  EXPECT_EQ(LevelDbfs(std::vector<int16_t>(10)), -100);
}

TEST(SoundTest, FliteSpeaks) {
  const auto speech = Speak("Hello.", "slt", 8000);
  ASSERT_TRUE(speech.ok()) << speech.status();
  EXPECT_GT(speech->size(), 2000u);
  EXPECT_GT(LevelDbfs(*speech), -40);
}

TEST(SoundTest, WithoutFliteItSaysWhatIsMissing) {
  setenv("PATH", "/nowhere", 1);
  EXPECT_THAT(std::string(Speak("Hello.", "slt", 8000).status().message()), HasSubstr("apt-get install flite"));
}

}  // namespace
}  // namespace tutti::tools
