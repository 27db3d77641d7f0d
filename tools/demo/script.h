#ifndef TOOLS_DEMO_SCRIPT_H_
#define TOOLS_DEMO_SCRIPT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mediaplane/audio/format.h"
#include "tools/demo/matching.h"

namespace tutti::tools {

struct Person {
  std::string name;
  std::string voice;  // of flite
  mediaplane::Codec codec;
};

// Who says what, when. Everybody once alone, then all at once.
struct Script {
  std::vector<Person> people;
  // For each person, at kMatchRateHz, from the script's start to its end.
  std::vector<std::vector<int16_t>> voices;
  std::vector<Segment> segments;

  int64_t samples() const { return voices.empty() ? 0 : static_cast<int64_t>(voices[0].size()); }
};

struct Line {
  int person = 0;
  std::vector<int16_t> speech;  // at kMatchRateHz
};

// Lays out turns one after the other with half a second of silence before each;
// the lines of one turn are said together. Levels are made equal.
Script LayOut(std::vector<Person> people, const std::vector<std::vector<Line>>& turns);

// The demo's own: four people with four voices and four codecs. Needs flite.
absl::StatusOr<Script> MakeScript();

}  // namespace tutti::tools

#endif  // TOOLS_DEMO_SCRIPT_H_
