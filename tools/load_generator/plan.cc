#include "tools/load_generator/plan.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/load_generator/tones.h"

namespace tutti::tools {
namespace {

constexpr int kParticipantsMax = 100'000;
constexpr int kThreadsMax = 64;

absl::Status BadFlag(const std::string& sentence) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_FLAG", sentence);
}

}  // namespace

absl::Status CheckOptions(const LoadOptions& options) {
  if (options.participants < 1 || options.participants > kParticipantsMax) {
    return BadFlag(absl::StrCat("--participants is 1 to ", kParticipantsMax, "."));
  }
  if (options.rooms < 1 || options.rooms > options.participants) {
    return BadFlag("--rooms is at least 1, and each room has a participant.");
  }
  const int smallest_room = options.participants / options.rooms;
  if (options.talkers_per_room < 0 || options.talkers_per_room > smallest_room ||
      options.talkers_per_room > kTonesMax) {
    return BadFlag(absl::StrCat("--talkers-per-room is 0 to ", std::min(smallest_room, kTonesMax), " here."));
  }
  if (options.nothing_percent < 0 || options.nothing_percent > 100) return BadFlag("--nothing-percent is 0 to 100.");
  if (!(options.duration_s >= 1)) return BadFlag("--duration is at least 1 s.");
  if (options.threads < 1 || options.threads > kThreadsMax) {
    return BadFlag(absl::StrCat("--threads is 1 to ", kThreadsMax, "."));
  }
  return absl::OkStatus();
}

std::vector<PlannedCaller> MakePlan(const LoadOptions& options) {
  std::vector<PlannedCaller> plan;
  int listeners = 0;
  for (int room = 0; room < options.rooms; ++room) {
    const int places = options.participants / options.rooms + (room < options.participants % options.rooms ? 1 : 0);
    for (int place = 0; place < places; ++place) {
      PlannedCaller caller = {.room = room, .place = place, .role = Role::kTalker};
      if (place >= options.talkers_per_room) {
        // Spread evenly: so many in each hundred.
        const bool nothing =
            (listeners + 1) * options.nothing_percent / 100 > listeners * options.nothing_percent / 100;
        caller.role = nothing ? Role::kNothing : listeners % 2 == 0 ? Role::kNoise : Role::kSilence;
        ++listeners;
      }
      plan.push_back(caller);
    }
  }
  return plan;
}

}  // namespace tutti::tools
