#include "speech/synthesizer/espeak_output.h"

#include <gtest/gtest.h>

namespace tutti::speech {
namespace {

constexpr char kTable[] =
    "Pty Language       Age/Gender VoiceName          File                 Other Languages\n"
    " 5  af              --/M      Afrikaans          gmw/af               \n"
    " 5  cmn             --/M      Chinese_(Mandarin,_latin_as_English) sit/cmn              (zh-cmn 5)(zh 5)\n"
    " 5  fr-be           --/M      French_(Belgium)   roa/fr-BE            (fr 8)\n"
    " 5  fr-fr           --/M      French_(France)    roa/fr               (fr 5)\n"
    " 2  en-gb           --/M      English_(Great_Britain) gmw/en               (en 2)\n"
    "garbage\n"
    " 5  no_tag!         --/M      Nobody             x/y\n";

std::string Wav(uint32_t rate, uint16_t channels, uint16_t bits, const std::string& data) {
  const auto number = [](uint32_t value, int size) {
    std::string bytes;
    for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
  };
  const std::string format = number(1, 2) + number(channels, 2) + number(rate, 4) + number(rate * 2, 4) +
                             number(channels * bits / 8, 2) + number(bits, 2);
  // Lengths as espeak-ng writes them: it does not know them yet.
  return "RIFF" + number(0x7FFFF024, 4) + "WAVEfmt " + number(16, 4) + format + "data" + number(0x7FFFF000, 4) + data;
}

TEST(EspeakOutputTest, AVoiceForEachLanguageAndForTheWiderOnes) {
  std::vector<std::string> seen;
  for (const v1::Voice& voice : ParseEspeakVoices(kTable)) {
    EXPECT_EQ(voice.provider(), "espeak-ng");
    seen.push_back(voice.voice() + "=" + voice.language());
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"af=af", "cmn=cmn", "fr-be=fr-BE", "fr-fr=fr-FR", "en-gb=en-GB", "en-gb=en",
                                            "fr-fr=fr", "cmn=zh", "cmn=zh-cmn"}));
}

TEST(EspeakOutputTest, WhatIsNoTableHasNoVoice) {
  EXPECT_TRUE(ParseEspeakVoices("").empty());
  EXPECT_TRUE(ParseEspeakVoices("usage: something\n\n\0\n").empty());
}

TEST(EspeakOutputTest, ReadsAWavWhoseLengthIsNotKnown) {
  const auto sound = ParseEspeakWav(Wav(22'050, 1, 16, std::string("\x01\x00\xFF\xFF\x07", 5)));
  ASSERT_TRUE(sound.ok()) << sound.status().message();
  EXPECT_EQ(sound->sample_rate_hz, 22'050);
  EXPECT_EQ(sound->samples, (std::vector<int16_t>{1, -1}));
}

TEST(EspeakOutputTest, RefusesAnyOtherWav) {
  EXPECT_FALSE(ParseEspeakWav("").ok());
  EXPECT_FALSE(ParseEspeakWav("RIFFxxxxWAVE").ok());
  EXPECT_FALSE(ParseEspeakWav(Wav(22'050, 2, 16, "data")).ok());
  EXPECT_FALSE(ParseEspeakWav(Wav(22'050, 1, 8, "data")).ok());
  EXPECT_FALSE(ParseEspeakWav(Wav(1, 1, 16, "data")).ok());
  const std::string whole = Wav(22'050, 1, 16, "");
  EXPECT_TRUE(ParseEspeakWav(whole).ok());
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(ParseEspeakWav(whole.substr(0, size)).ok()) << size;
}

}  // namespace
}  // namespace tutti::speech
