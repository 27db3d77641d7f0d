// Random networks, seeded: nothing out of thin air, nothing twice, bounded delay.

#include <gtest/gtest.h>

#include <random>

#include "mediaplane/jitter/stream_simulator.h"

namespace tutti::mediaplane {
namespace {

using Kind = JitterFrame::Kind;

struct Network {
  const char* name;
  double loss_good;  // probability of loss in the good state
  double loss_bad;   // and in the bad one (Gilbert–Elliott)
  double to_bad;     // probability a packet to change state
  double to_good;
  int jitter_ms_max;  // uniform delay on top
  double spike;       // probability a packet of a stall of 200 ms
  double duplicate;
  int drift_ppm;
};

constexpr Network kNetworks[] = {
    {"clean", 0, 0, 0, 1, 0, 0, 0, 0},
    {"loss 1 %", 0.01, 0, 0, 1, 5, 0, 0, 0},
    {"loss 5 %", 0.05, 0, 0, 1, 10, 0, 0, 200},
    {"loss 10 %", 0.10, 0, 0, 1, 30, 0, 0.01, -200},
    {"bursts", 0.002, 0.7, 0.02, 0.2, 20, 0, 0, 100},
    {"reordering", 0, 0, 0, 1, 60, 0, 0.05, 0},
    {"wild", 0.02, 0.5, 0.01, 0.1, 200, 0.002, 0.1, -200},
};

class JitterPropertyTest : public testing::TestWithParam<std::tuple<int, uint32_t>> {};

TEST_P(JitterPropertyTest, SamplesInAreSamplesOutAndConcealedAndDropped) {
  const auto [network_index, units] = GetParam();
  const Network& network = kNetworks[network_index];
  for (uint32_t seed = 1; seed <= 2; ++seed) {
    std::mt19937 random(seed * 1000 + units);
    std::uniform_real_distribution<double> chance(0, 1);
    StreamSimulator simulator;
    std::uniform_int_distribution<int> coin(0, 9);
    simulator.silent = [&](int64_t) { return coin(random) == 0; };
    bool bad = false;
    int64_t stalled_until_ns = 0;
    int lost = 0;
    const int64_t interval_ns = int64_t{units} * kSecond / 8000 * (1'000'000 + network.drift_ppm) / 1'000'000;
    const int count = static_cast<int>(60 * kSecond / interval_ns);
    for (int i = 0; i < count; ++i) {
      bad = bad ? chance(random) >= network.to_good : chance(random) < network.to_bad;
      if (chance(random) < (bad ? network.loss_bad : network.loss_good)) {
        simulator.Send(-1, units);
        ++lost;
        continue;
      }
      int64_t at_ns = i * interval_ns + static_cast<int64_t>(chance(random) * network.jitter_ms_max * kMs);
      if (chance(random) < network.spike) stalled_until_ns = at_ns + 200 * kMs;
      at_ns = std::max(at_ns, stalled_until_ns);
      simulator.Send(at_ns, units);
      if (chance(random) < network.duplicate)
        simulator.Repeat(at_ns + static_cast<int64_t>(chance(random) * 100 * kMs));
    }
    simulator.Run(59 * kSecond);

    SCOPED_TRACE(testing::Message() << network.name << " units " << units << " seed " << seed);
    EXPECT_TRUE(simulator.Balanced());
    const JitterCounters& counters = simulator.buffer.counters();
    EXPECT_EQ(counters.units_played, 160u * (simulator.Count(Kind::kAudio) + simulator.Count(Kind::kLost)));
    EXPECT_EQ(counters.restarts, 0u);
    int previous = -1;
    for (const auto& output : simulator.outputs) {
      ASSERT_LE(output.delay_us, 300'000);
      if (output.kind != Kind::kAudio) continue;
      // Forward by at least 0 and never by half of the numbers: no frame plays twice.
      const int step = (output.first_byte - previous + 251) % 251;
      if (previous >= 0) {
        ASSERT_LT(step, 125) << output.tick_ns;
        if (units % 160 == 0) {
          ASSERT_GT(step, 0) << output.tick_ns;
        }
      }
      previous = output.first_byte;
    }
    const int heard = simulator.Count(Kind::kAudio, kSecond);
    const double received = 1.0 - static_cast<double>(lost) / count;
    EXPECT_GE(heard, 2'900 * received * (network.jitter_ms_max > 100 ? 0.85 : 0.93)) << received;
  }
}

INSTANTIATE_TEST_SUITE_P(All, JitterPropertyTest,
                         testing::Combine(testing::Range(0, static_cast<int>(std::size(kNetworks))),
                                          testing::Values(80u, 160u, 480u)));

}  // namespace
}  // namespace tutti::mediaplane
