#include "mediaplane/audio/g711.h"

#include <gtest/gtest.h>

#include <vector>

#include "mediaplane/audio/simd_targets.h"

namespace tutti::mediaplane {
namespace {

// ITU-T G.711, table 2a and 1a: decision values of the positive half, by definition:
// a value belongs to the code whose interval it is in. The intervals are built here
// from the recommendation's segments, independent of the code under test.
struct Interval {
  int from;  // inclusive, in the codec's own uniform scale (14 bits, 13 bits)
  int output;
};

std::vector<Interval> PcmuIntervals() {
  // 16 steps a segment, the first of 2 (with a first half step), doubled each segment.
  std::vector<Interval> intervals;
  int from = 0;
  for (int segment = 0; segment < 8; ++segment) {
    const int step = 2 << segment;
    for (int i = 0; i < 16; ++i) {
      const bool first = segment == 0 && i == 0;
      const int width = first ? 1 : step;
      intervals.push_back({from, first ? 0 : from + step / 2});
      from += width;
    }
  }
  return intervals;
}

std::vector<Interval> PcmaIntervals() {
  std::vector<Interval> intervals;
  int from = 0;
  for (int segment = 0; segment < 8; ++segment) {
    const int step = segment < 2 ? 2 : 2 << (segment - 1);
    for (int i = 0; i < 16; ++i) {
      intervals.push_back({from, from + step / 2});
      from += step;
    }
  }
  return intervals;
}

int Find(const std::vector<Interval>& intervals, int value) {
  int found = 0;
  for (int i = 0; i < static_cast<int>(intervals.size()); ++i) {
    if (value >= intervals[static_cast<size_t>(i)].from) found = i;
  }
  return found;
}

TEST(G711Test, PcmuIsTheRecommendations) {
  const auto intervals = PcmuIntervals();
  EXPECT_EQ(intervals.back().output, 8031);
  for (int code = 0; code < 128; ++code) {
    // Code 0xff is +0, counting down.
    const int output = intervals[static_cast<size_t>(code)].output * 4;
    EXPECT_EQ(scalar::DecodePcmu(static_cast<uint8_t>(0xff - code)), output);
    EXPECT_EQ(scalar::DecodePcmu(static_cast<uint8_t>(0x7f - code)), -output);
  }
  for (int sample = -32768; sample <= 32767; ++sample) {
    const int magnitude = (sample < 0 ? -sample - 1 : sample) >> 2;
    const int code = Find(intervals, magnitude);
    ASSERT_EQ(scalar::EncodePcmu(static_cast<int16_t>(sample)), (sample < 0 ? 0x7f : 0xff) - code) << sample;
  }
}

TEST(G711Test, PcmaIsTheRecommendations) {
  const auto intervals = PcmaIntervals();
  EXPECT_EQ(intervals.back().output, 4032);
  for (int code = 0; code < 128; ++code) {
    const int output = intervals[static_cast<size_t>(code)].output * 8;
    EXPECT_EQ(scalar::DecodePcma(static_cast<uint8_t>((0x80 | code) ^ 0x55)), output);
    EXPECT_EQ(scalar::DecodePcma(static_cast<uint8_t>(code ^ 0x55)), -output);
  }
  for (int sample = -32768; sample <= 32767; ++sample) {
    const int magnitude = (sample < 0 ? -sample - 1 : sample) >> 3;
    const int code = Find(intervals, magnitude) | (sample < 0 ? 0 : 0x80);
    ASSERT_EQ(scalar::EncodePcma(static_cast<int16_t>(sample)), code ^ 0x55) << sample;
  }
}

TEST(G711Test, EveryCodeSurvivesDecodingAndEncoding) {
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<uint8_t>(code);
    EXPECT_EQ(scalar::EncodePcma(scalar::DecodePcma(byte)), byte);
    // 0x7f is a second zero.
    EXPECT_EQ(scalar::EncodePcmu(scalar::DecodePcmu(byte)), code == 0x7f ? 0xff : byte);
  }
}

TEST(G711Test, SimdEqualsScalarForEveryValueAndLength) {
  std::vector<int16_t> samples(65536);
  std::vector<uint8_t> codes(65536);
  for (size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<int16_t>(i);
    codes[i] = static_cast<uint8_t>(i * 7 + i / 256);
  }
  ForEachSimdTarget([&](const char* target) {
    SCOPED_TRACE(target);
    std::vector<uint8_t> pcmu(samples.size());
    std::vector<uint8_t> pcma(samples.size());
    std::vector<int16_t> from_pcmu(samples.size());
    std::vector<int16_t> from_pcma(samples.size());
    EncodePcmu(samples.data(), pcmu.data(), samples.size());
    EncodePcma(samples.data(), pcma.data(), samples.size());
    DecodePcmu(codes.data(), from_pcmu.data(), samples.size());
    DecodePcma(codes.data(), from_pcma.data(), samples.size());
    for (size_t i = 0; i < samples.size(); ++i) {
      ASSERT_EQ(pcmu[i], scalar::EncodePcmu(samples[i])) << i;
      ASSERT_EQ(pcma[i], scalar::EncodePcma(samples[i])) << i;
      ASSERT_EQ(from_pcmu[i], scalar::DecodePcmu(codes[i])) << i;
      ASSERT_EQ(from_pcma[i], scalar::DecodePcma(codes[i])) << i;
    }
    for (size_t length = 0; length <= 70; ++length) {
      std::vector<int16_t> out(length + 1, 12345);
      DecodePcmu(codes.data(), out.data(), length);
      EXPECT_EQ(out[length], 12345) << "wrote past the end of " << length;
      for (size_t i = 0; i < length; ++i) ASSERT_EQ(out[i], scalar::DecodePcmu(codes[i]));
    }
  });
}

}  // namespace
}  // namespace tutti::mediaplane
