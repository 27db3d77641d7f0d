#include "control/simulation/report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tutti::control::simulation {

std::string Report(uint64_t seed, const World& world, int lines) {
  const auto& story = world.story();
  std::string report = absl::StrCat("seed ", seed, " failed: ", world.failure(), "\n");
  for (size_t i = story.size() - std::min<size_t>(story.size(), lines); i < story.size(); ++i) {
    absl::StrAppend(&report, story[i], "\n");
  }
  return absl::StrCat(report, "again: bazel run //control/simulation -- --seed=", seed);
}

}  // namespace tutti::control::simulation
