#include "control/sound/decode.h"

#include <sndfile.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "control/sound/wav.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

std::vector<int16_t> SamplesOf(const SoundData& sound) {
  std::vector<int16_t> samples;
  for (size_t i = 0; i + 1 < sound.samples.size(); i += 2) {
    const auto low = static_cast<uint8_t>(sound.samples[i]), high = static_cast<uint8_t>(sound.samples[i + 1]);
    samples.push_back(static_cast<int16_t>(static_cast<uint16_t>(high << 8 | low)));
  }
  return samples;
}

// Of its middle, where nothing begins or ends.
double Amplitude(const std::vector<int16_t>& samples, double hz, int rate) {
  const size_t first = samples.size() / 4, count = samples.size() / 2;
  double sine = 0, cosine = 0;
  for (size_t i = first; i < first + count; ++i) {
    const double angle = 2 * M_PI * hz * static_cast<double>(i) / rate;
    sine += samples[i] * std::sin(angle);
    cosine += samples[i] * std::cos(angle);
  }
  return 2 * std::hypot(sine, cosine) / static_cast<double>(count);
}

std::string Reason(const absl::Status& status) { return GetErrorDetail(status).reason; }

TEST(DecodeTest, EightKilohertzIsTakenAsItIs) {
  const auto samples = SineSamples(440, 8000, 0.5);
  const auto sound = DecodeSound(WavFile(samples, 8000));
  ASSERT_TRUE(sound.ok()) << sound.status();
  EXPECT_EQ(sound->sample_rate_hz, 8000u);
  EXPECT_EQ(SamplesOf(*sound), samples);
  EXPECT_EQ(sound->sha256.size(), 64u);
  EXPECT_EQ(DecodeSound(WavFile(samples, 8000, 2))->sha256, sound->sha256) << "two equal channels are as one";
}

TEST(DecodeTest, AllNamesAreTheSha256OfWhatIsSent) {
  const auto sound = DecodeSound(WavFile({1, -1}, 8000));
  ASSERT_TRUE(sound.ok()) << sound.status();
  EXPECT_EQ(sound->samples, std::string("\x01\x00\xff\xff", 4));
  EXPECT_EQ(sound->sha256, "16b8cb1fe734fbc60c6763c94c9e4cc55840ae966e7e508ba82f539d82702511");
}

TEST(DecodeTest, OtherRatesBecomeSixteenKilohertz) {
  for (const int rate : {11'025, 16'000, 22'050, 32'000, 44'100, 48'000, 96'000}) {
    const auto sound = DecodeSound(WavFile(SineSamples(1'000, rate, 1), rate));
    ASSERT_TRUE(sound.ok()) << rate << ": " << sound.status();
    EXPECT_EQ(sound->sample_rate_hz, 16'000u);
    const auto samples = SamplesOf(*sound);
    EXPECT_NEAR(static_cast<double>(samples.size()), 16'000, 1) << rate;
    EXPECT_NEAR(Amplitude(samples, 1'000, 16'000), 8'000, 40) << rate;
  }
}

TEST(DecodeTest, WhatTheLowerRateCannotCarryIsGone) {
  const auto sound = DecodeSound(WavFile(SineSamples(10'000, 44'100, 1), 44'100));
  ASSERT_TRUE(sound.ok()) << sound.status();
  EXPECT_LT(Amplitude(SamplesOf(*sound), 6'000, 16'000), 8) << "it would fold to 6 kHz";
  EXPECT_NEAR(Amplitude(SamplesOf(*DecodeSound(WavFile(SineSamples(5'900, 44'100, 1), 44'100))), 5'900, 16'000), 8'000,
              100);
}

TEST(DecodeTest, FlacAndOtherKindsOfWavAreReadToo) {
  const std::string path = testing::TempDir() + "/sound";
  for (const int format :
       {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_WAV | SF_FORMAT_FLOAT, SF_FORMAT_WAV | SF_FORMAT_ULAW}) {
    SF_INFO info = {};
    info.samplerate = 8'000;
    info.channels = 1;
    info.format = format;
    SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
    ASSERT_NE(file, nullptr);
    const auto samples = SineSamples(440, 8'000, 1);
    std::vector<float> values(samples.begin(), samples.end());
    for (float& value : values) value /= 32'768;
    sf_writef_float(file, values.data(), static_cast<sf_count_t>(values.size()));
    sf_close(file);
    std::stringstream bytes;
    bytes << std::ifstream(path, std::ios::binary).rdbuf();
    const auto sound = DecodeSound(bytes.str());
    ASSERT_TRUE(sound.ok()) << format << ": " << sound.status();
    EXPECT_NEAR(Amplitude(SamplesOf(*sound), 440, 8'000), 8'000, 400) << format;
  }
}

TEST(DecodeTest, WhatIsNoSoundIsRefused) {
  const std::string good = WavFile(SineSamples(440, 8'000, 0.1), 8'000);
  for (const std::string& file : {std::string(), std::string("RIFF"), good.substr(0, 44), std::string("hello, world"),
                                  good.substr(1), WavFile({1, 2, 3}, 1'000), WavFile({1, 2, 3}, 8'000, 9),
                                  "OggS" + std::string(500, 'x'), "fLaC" + std::string(500, '\xff')}) {
    EXPECT_EQ(Reason(DecodeSound(file).status()), "SOUND_NOT_SUPPORTED") << file.substr(0, 20);
  }
  EXPECT_EQ(Reason(DecodeSound("RIFF" + std::string(kSoundFileBytesMax, 'x')).status()), "SOUND_NOT_SUPPORTED");
}

TEST(DecodeTest, TenMinutesAndNoMore) {
  std::vector<int16_t> samples(600 * 8'000, 1);
  EXPECT_TRUE(DecodeSound(WavFile(samples, 8'000)).ok());
  samples.push_back(1);
  EXPECT_EQ(Reason(DecodeSound(WavFile(samples, 8'000)).status()), "SOUND_NOT_SUPPORTED");
}

}  // namespace
}  // namespace tutti::control
