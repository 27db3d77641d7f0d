#ifndef TOOLS_LOAD_GENERATOR_PLAN_H_
#define TOOLS_LOAD_GENERATOR_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mediaplane/audio/format.h"

namespace tutti::tools {

// What is asked for by flags.
struct LoadOptions {
  std::string gateway = "http://127.0.0.1:8080";
  std::string codec = "PCMU";
  int participants = 100;
  int rooms = 10;
  int talkers_per_room = 1;
  // Of those who don't talk, so many send nothing at all (but RTCP), in percent.
  int nothing_percent = 10;
  double duration_s = 30;
  int threads = 1;
};

// INVALID_ARGUMENT with a sentence for what can't be done.
absl::Status CheckOptions(const LoadOptions& options);

enum class Role {
  kTalker,   // its own sine, by Schedule
  kNoise,    // quiet noise below the gate
  kSilence,  // the codec's silence
  kNothing,  // no RTP
};

struct PlannedCaller {
  int room = 0;
  int place = 0;  // in its room: the first ones are the talkers
  Role role = Role::kSilence;
};

// All callers, room by room; rooms differ by one caller at most.
std::vector<PlannedCaller> MakePlan(const LoadOptions& options);

}  // namespace tutti::tools

#endif  // TOOLS_LOAD_GENERATOR_PLAN_H_
