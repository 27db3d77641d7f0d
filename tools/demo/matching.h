#ifndef TOOLS_DEMO_MATCHING_H_
#define TOOLS_DEMO_MATCHING_H_

#include <cstdint>
#include <vector>

namespace tutti::tools {

// The rate at which voices are compared, Hz.
inline constexpr int kMatchRateHz = 16'000;

// A part of the script in which these speakers talk; samples from its start.
struct Segment {
  int64_t begin = 0;
  int64_t end = 0;
  std::vector<int> speakers;
};

// How a listener received a speaker.
struct Match {
  // Correlation of what was received with what the speaker said while it talked
  // alone, delay removed: 1 is the same wave, under 0.3 is something else.
  double likeness = 0;
  // Of the speaker's voice as it arrived, against what was sent; dB. The lowest
  // of all parts, alone and among others; for the listener itself the highest.
  double level_db = -100;
  // From the packet that began it to the packet it arrived in, ms; the median of
  // all parts of the voice alone.
  double delay_ms = 0;
};

// matches[listener][speaker].
using Matches = std::vector<std::vector<Match>>;

// `said` and `heard`: for each person the samples (16 kHz) from the script's
// start on; `heard` goes on for at least half a second after the last segment.
// Voices are searched by cross-correlation at delays of 0 to 500 ms, part by
// part of a second; among others they are separated by least squares.
Matches MatchVoices(const std::vector<std::vector<int16_t>>& said, const std::vector<std::vector<int16_t>>& heard,
                    const std::vector<Segment>& segments);

// What counts as heard, and as heard itself.
bool Heard(const Match& match);
bool HeardItself(const Match& match);

}  // namespace tutti::tools

#endif  // TOOLS_DEMO_MATCHING_H_
