#include "tools/caller/resample.h"

#include <cmath>

#include "gtest/gtest.h"

namespace tutti::tools {
namespace {

std::vector<int16_t> Tone(double hz, int rate) {
  std::vector<int16_t> samples(static_cast<size_t>(rate));
  for (int i = 0; i < rate; ++i)
    samples[i] = static_cast<int16_t>(std::lround(10000 * std::sin(2 * M_PI * hz * i / rate)));
  return samples;
}

// Largest difference, away from the ends.
int Difference(const std::vector<int16_t>& a, const std::vector<int16_t>& b) {
  EXPECT_EQ(a.size(), b.size());
  int largest = 0;
  for (size_t i = 200; i + 200 < std::min(a.size(), b.size()); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

TEST(ResampleTest, KeepsATonesShapeAndTime) {
  for (const auto& [from, to] :
       {std::pair{8000, 16000}, {16000, 8000}, {44100, 8000}, {22050, 16000}, {48000, 16000}}) {
    EXPECT_LE(Difference(Resample(Tone(1000, from), from, to), Tone(1000, to)), 20) << from << " to " << to;
  }
}

TEST(ResampleTest, LeavesOutWhatTheLowerRateCannotHold) {
  EXPECT_LE(Difference(Resample(Tone(5000, 16000), 16000, 8000), std::vector<int16_t>(8000)), 20);
}

TEST(ResampleTest, SameRateChangesNothing) {
  EXPECT_EQ(Resample({1, 2, 3}, 8000, 8000), (std::vector<int16_t>{1, 2, 3}));
}

}  // namespace
}  // namespace tutti::tools
