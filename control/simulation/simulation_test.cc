#include "control/simulation/simulation.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "control/simulation/report.h"
#include "gtest/gtest.h"
#include "spdlog/spdlog.h"

namespace tutti::control::simulation {
namespace {

// Enough for every kind of end; a tenth is enough for a sanitizer, which is slow.
constexpr int kSeedsForAll = 250;
#ifdef __SANITIZE_ADDRESS__
constexpr int kSeeds = 25;
#else
constexpr int kSeeds = kSeedsForAll;
#endif
constexpr int kStoryLines = 60;

// TUTTI_SEEDS=FROM,COUNT runs others.
std::pair<uint64_t, uint64_t> Seeds() {
  const char* range = std::getenv("TUTTI_SEEDS");
  if (range == nullptr) return {1, kSeeds};
  char* rest = nullptr;
  const uint64_t from = std::strtoull(range, &rest, 10);
  return {from, *rest == ',' ? std::strtoull(rest + 1, nullptr, 10) : 1};
}

TEST(SimulationTest, EveryInvariantHolds) {
  spdlog::set_level(spdlog::level::off);
  const auto [from, count] = Seeds();
  std::map<std::string, int64_t> counts;
  for (uint64_t seed = from; seed < from + count; ++seed) {
    Simulation simulation(seed);
    ASSERT_TRUE(simulation.Run()) << Report(seed, simulation.world(), kStoryLines);
    for (const auto& [what, times] : simulation.counts()) counts[what] += times;
  }
  if (count < kSeedsForAll) return;
  // The runs reach what they are for.
  for (const char* what : {"conferencecall_joined",
                           "conference_deleted",
                           "call_updated",
                           "HANGUP_REASON_MEDIA_NODE_LOST",
                           "HANGUP_REASON_MEDIA_TIMEOUT",
                           "HANGUP_REASON_MEDIA_FAILED",
                           "HANGUP_REASON_SETUP_TIMEOUT",
                           "HANGUP_REASON_FLOW_ENDED",
                           "LEAVE_REASON_KICKED",
                           "LEAVE_REASON_PEER_LEFT",
                           "LEAVE_REASON_JOIN_TIMEOUT",
                           "LEAVE_REASON_CONFERENCE_ENDED",
                           "recording_paused",
                           "recording_finished",
                           "FAILURE_REASON_MEDIA_NODE_LOST",
                           "transcript_created",
                           "TRANSCRIBE_FAILURE_REASON_MEDIA_NODE_LOST",
                           "moved",
                           "entered_by_pin",
                           "entered_by_digits",
                           "muted_with_all",
                           "host_left",
                           "parted",
                           "coach_of_one",
                           "coach_of_nobody",
                           "sounds_heard",
                           "requests_taken",
                           "digits_received",
                           "digits_told",
                           "webhook_good_204",
                           "webhook_repeats",
                           "webhook_gone_410",
                           "webhook_dead"}) {
    EXPECT_GT(counts[what], 0) << what;
  }
}

TEST(SimulationTest, TheSameSeedIsTheSameRun) {
  for (uint64_t seed : {3, 17}) {
    Simulation first(seed);
    Simulation second(seed);
    first.Run();
    second.Run();
    EXPECT_EQ(first.world().hash(), second.world().hash()) << seed;
    EXPECT_GT(first.world().story().size(), 100u);
  }
  Simulation one(3);
  Simulation other(4);
  one.Run();
  other.Run();
  EXPECT_NE(one.world().hash(), other.world().hash());
}

}  // namespace
}  // namespace tutti::control::simulation
