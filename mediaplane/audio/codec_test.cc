#include "mediaplane/audio/codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numbers>
#include <random>
#include <vector>

namespace tutti::mediaplane {
namespace {

constexpr Codec kCodecs[] = {Codec::kPcmu, Codec::kPcma, Codec::kG722, Codec::kL16At8000, Codec::kL16At16000};

class ToneSource {
 public:
  ToneSource(double hz, double amplitude, int rate) : step_(2 * std::numbers::pi * hz / rate), amplitude_(amplitude) {}

  void Next(int16_t* out, size_t samples) {
    for (size_t i = 0; i < samples; ++i)
      out[i] = static_cast<int16_t>(std::lround(amplitude_ * std::sin(step_ * n_++)));
  }

 private:
  double step_;
  double amplitude_;
  int64_t n_ = 0;
};

class CodecTest : public testing::TestWithParam<Codec> {};

// Signal to noise of a 1 kHz tone after a round trip, allowing for the codec's delay.
TEST_P(CodecTest, AToneSurvives) {
  const AudioFormat& format = FormatOf(GetParam());
  Encoder encoder(GetParam());
  Decoder decoder(GetParam());
  ToneSource tone(1000, 8000, format.sample_rate);
  std::vector<int16_t> sent;
  std::vector<int16_t> received;
  for (int frame = 0; frame < 50; ++frame) {
    int16_t in[kSamplesPerFrameMax];
    int16_t out[kSamplesPerFrameMax];
    uint8_t bytes[kBytesPerFrameMax];
    tone.Next(in, format.samples_per_frame);
    encoder.Encode(in, bytes);
    decoder.Decode(bytes, out);
    sent.insert(sent.end(), in, in + format.samples_per_frame);
    received.insert(received.end(), out, out + format.samples_per_frame);
  }
  double best = -100;
  for (size_t delay = 0; delay < 30; ++delay) {
    double signal = 0;
    double noise = 1e-9;
    for (size_t i = 1000; i < sent.size(); ++i) {
      signal += std::pow(sent[i - delay], 2);
      noise += std::pow(sent[i - delay] - received[i], 2);
    }
    best = std::max(best, 10 * std::log10(signal / noise));
  }
  EXPECT_GE(best, 35) << format.name;
}

TEST_P(CodecTest, SilenceByteIsSilence) {
  const AudioFormat& format = FormatOf(GetParam());
  Decoder decoder(GetParam());
  std::vector<uint8_t> bytes(format.bytes_per_frame, format.silence_byte);
  int16_t out[kSamplesPerFrameMax];
  for (int frame = 0; frame < 10; ++frame) decoder.Decode(bytes.data(), out);
  for (int i = 0; i < format.samples_per_frame; ++i) EXPECT_LE(std::abs(out[i]), 8);
}

// The largest step between neighbours: a click shows as one.
int LargestStep(const std::vector<int16_t>& samples) {
  int step = 0;
  for (size_t i = 1; i < samples.size(); ++i) step = std::max(step, std::abs(samples[i] - samples[i - 1]));
  return step;
}

TEST_P(CodecTest, ConcealmentGoesOnWithoutAClickAndFadesOutIn80Milliseconds) {
  const AudioFormat& format = FormatOf(GetParam());
  Encoder encoder(GetParam());
  Decoder decoder(GetParam());
  ToneSource tone(440, 10'000, format.sample_rate);
  std::vector<int16_t> heard;
  std::vector<int> peaks;
  for (int frame = 0; frame < 30; ++frame) {
    int16_t in[kSamplesPerFrameMax];
    int16_t out[kSamplesPerFrameMax];
    uint8_t bytes[kBytesPerFrameMax];
    tone.Next(in, format.samples_per_frame);
    encoder.Encode(in, bytes);
    if (frame >= 20 && frame < 26) {
      decoder.Conceal(out);
    } else {
      decoder.Decode(bytes, out);
    }
    if (frame >= 10) heard.insert(heard.end(), out, out + format.samples_per_frame);
    int peak = 0;
    for (int i = 0; i < format.samples_per_frame; ++i) peak = std::max(peak, std::abs(out[i]));
    peaks.push_back(peak);
  }
  EXPECT_GT(peaks[20], 8'000);
  EXPECT_LT(peaks[23], 3'000);
  EXPECT_EQ(peaks[24], 0);
  EXPECT_EQ(peaks[25], 0);
  EXPECT_GT(peaks[27], 9'000);
  const double steepest = 2 * std::numbers::pi * 440 / format.sample_rate * 10'000;
  EXPECT_LE(LargestStep(heard), steepest * 1.6) << format.name;
}

TEST_P(CodecTest, ConcealmentBeforeAnythingWasHeardIsSilence) {
  Decoder decoder(GetParam());
  int16_t out[kSamplesPerFrameMax];
  std::fill(std::begin(out), std::end(out), int16_t{99});
  decoder.Conceal(out);
  for (int i = 0; i < FormatOf(GetParam()).samples_per_frame; ++i) ASSERT_EQ(out[i], 0);
}

TEST_P(CodecTest, ACopyGoesOnLikeTheOriginal) {
  const AudioFormat& format = FormatOf(GetParam());
  std::mt19937 random(5);
  Encoder encoder(GetParam());
  Decoder decoder(GetParam());
  int16_t in[kSamplesPerFrameMax];
  int16_t out[kSamplesPerFrameMax];
  int16_t copied_out[kSamplesPerFrameMax];
  uint8_t bytes[kBytesPerFrameMax];
  uint8_t copied_bytes[kBytesPerFrameMax];
  for (int frame = 0; frame < 20; ++frame) {
    for (int16_t& sample : in) sample = static_cast<int16_t>(random() % 20'000);
    Encoder encoder_copy = encoder;
    Decoder decoder_copy = decoder;
    encoder.Encode(in, bytes);
    encoder_copy.Encode(in, copied_bytes);
    ASSERT_EQ(std::memcmp(bytes, copied_bytes, format.bytes_per_frame), 0);
    ASSERT_TRUE(encoder.SameState(encoder_copy));
    decoder.Decode(bytes, out);
    decoder_copy.Decode(bytes, copied_out);
    ASSERT_EQ(std::memcmp(out, copied_out, format.samples_per_frame * 2u), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(All, CodecTest, testing::ValuesIn(kCodecs));

TEST(EncoderTest, OnlyG722RemembersAndSaysSo) {
  for (const Codec codec : kCodecs) EXPECT_EQ(Encoder(codec).stateless(), codec != Codec::kG722);
  EXPECT_FALSE(Encoder(Codec::kPcmu).SameState(Encoder(Codec::kPcma)));
}

TEST(EncoderTest, SameStateHoldsForACopyGivenTheSame) {
  Encoder g722(Codec::kG722);
  const std::vector<int16_t> loud(kSamplesPerFrameMax, 9000);
  uint8_t bytes[kBytesPerFrameMax];
  g722.Encode(loud.data(), bytes);
  Encoder copy = g722;
  copy.Encode(loud.data(), bytes);
  EXPECT_FALSE(copy.SameState(g722));
  g722.Encode(loud.data(), bytes);
  EXPECT_TRUE(copy.SameState(g722));
}

TEST(DecoderTest, NoCodecIsSilence) {
  Decoder decoder;
  int16_t out[kSamplesPerFrameMax] = {1, 2, 3};
  const uint8_t bytes[kBytesPerFrameMax] = {1, 2, 3};
  decoder.Decode(bytes, out);
  EXPECT_EQ(out[0], 0);
  decoder.Conceal(out);
  EXPECT_EQ(out[1], 0);
}

}  // namespace
}  // namespace tutti::mediaplane
