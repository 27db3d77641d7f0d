#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "control/simulation/report.h"
#include "control/simulation/simulation.h"
#include "spdlog/spdlog.h"

// simulation --seed=N: tells the story of one run. simulation --seeds=FROM,COUNT:
// many runs, told of only where they fail. Ends with 1 after a failure.

namespace {

using tutti::control::simulation::Simulation;

constexpr int kStoryLines = 80;
constexpr int kFailuresMax = 10;

int RunMany(uint64_t from, uint64_t count) {
  int failures = 0;
  std::map<std::string, int64_t> counts;
  for (uint64_t seed = from; seed < from + count; ++seed) {
    Simulation simulation(seed);
    if (!simulation.Run()) {
      std::printf("%s\n", tutti::control::simulation::Report(seed, simulation.world(), kStoryLines).c_str());
      if (++failures == kFailuresMax) break;
    }
    for (const auto& [what, times] : simulation.counts()) counts[what] += times;
    if ((seed - from + 1) % 500 == 0) {
      std::printf("%llu runs, %d failed\n", static_cast<unsigned long long>(seed - from + 1), failures);
      std::fflush(stdout);
    }
  }
  for (const auto& [what, times] : counts) std::printf("%10lld %s\n", static_cast<long long>(times), what.c_str());
  std::printf("%d failed\n", failures);
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  // The story says it better.
  spdlog::set_level(spdlog::level::off);
  for (int i = 1; i < argc; ++i) {
    absl::string_view flag = argv[i];
    uint64_t seed = 0;
    uint64_t count = 0;
    if (absl::ConsumePrefix(&flag, "--seeds=")) {
      const std::pair<std::string, std::string> parts = absl::StrSplit(flag, absl::MaxSplits(',', 1));
      if (absl::SimpleAtoi(parts.first, &seed) && absl::SimpleAtoi(parts.second, &count)) return RunMany(seed, count);
    } else if (absl::ConsumePrefix(&flag, "--seed=") && absl::SimpleAtoi(flag, &seed)) {
      Simulation simulation(seed);
      simulation.Aloud();
      const bool held = simulation.Run();
      std::printf("seed %llu: %s, hash %016llx\n", static_cast<unsigned long long>(seed),
                  held ? "every invariant held" : simulation.world().failure().c_str(),
                  static_cast<unsigned long long>(simulation.world().hash()));
      return held ? 0 : 1;
    }
  }
  std::fprintf(stderr, "simulation --seed=N | --seeds=FROM,COUNT\n");
  return 2;
}
