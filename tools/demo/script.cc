#include "tools/demo/script.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/status/status.h"
#include "tools/caller/sound.h"

namespace tutti::tools {
namespace {

using mediaplane::Codec;

constexpr int64_t kPause = kMatchRateHz / 2;
// RMS of a line: four at once stay below full scale.
constexpr double kLevelDbfs = -23;

void MakeLevel(std::vector<int16_t>& speech) {
  const double factor = std::pow(10, (kLevelDbfs - LevelDbfs(speech)) / 20);
  for (int16_t& sample : speech) {
    sample = static_cast<int16_t>(std::clamp(std::lround(sample * factor), -32768L, 32767L));
  }
}

}  // namespace

Script LayOut(std::vector<Person> people, const std::vector<std::vector<Line>>& turns) {
  Script script;
  script.people = std::move(people);
  script.voices.resize(script.people.size());
  int64_t now = 0;
  for (const std::vector<Line>& turn : turns) {
    Segment segment;
    segment.begin = now + kPause;
    segment.end = segment.begin;
    for (const Line& line : turn) {
      std::vector<int16_t> speech = line.speech;
      MakeLevel(speech);
      std::vector<int16_t>& voice = script.voices[static_cast<size_t>(line.person)];
      voice.resize(static_cast<size_t>(segment.begin));
      voice.insert(voice.end(), speech.begin(), speech.end());
      segment.end = std::max(segment.end, static_cast<int64_t>(voice.size()));
      segment.speakers.push_back(line.person);
    }
    now = segment.end;
    script.segments.push_back(segment);
  }
  for (std::vector<int16_t>& voice : script.voices) voice.resize(static_cast<size_t>(now));
  return script;
}

absl::StatusOr<Script> MakeScript() {
  const std::vector<Person> people = {{"Anna", "slt", Codec::kPcmu},
                                      {"Ralph", "rms", Codec::kG722},
                                      {"Angus", "awb", Codec::kPcma},
                                      {"Karl", "kal16", Codec::kL16At16000}};
  const char* const alone[] = {"Good morning, this is Anna. I am calling from an ordinary telephone line.",
                               "Hello Anna, Ralph here. You sound clear to me on a wideband line.",
                               "Angus speaking, from Edinburgh. I can hear the two of you very well.",
                               "And this is Karl, without any compression at all. Let us begin."};
  const char* const together[] = {"Thank you all for coming, and have a lovely afternoon. Goodbye.",
                                  "It was a pleasure to meet everybody in this room. See you next week.",
                                  "Perfect. I have written down every single word. Until tomorrow then.",
                                  "Wonderful, we were quick today. I will send the report on Friday."};
  std::vector<std::vector<Line>> turns;
  std::vector<Line> last_turn;
  for (int i = 0; i < static_cast<int>(people.size()); ++i) {
    TUTTI_ASSIGN_OR_RETURN(auto first, Speak(alone[i], people[static_cast<size_t>(i)].voice, kMatchRateHz));
    TUTTI_ASSIGN_OR_RETURN(auto second, Speak(together[i], people[static_cast<size_t>(i)].voice, kMatchRateHz));
    turns.push_back({{i, std::move(first)}});
    last_turn.push_back({i, std::move(second)});
  }
  turns.push_back(std::move(last_turn));
  return LayOut(people, turns);
}

}  // namespace tutti::tools
