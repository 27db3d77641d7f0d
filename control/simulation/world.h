#ifndef CONTROL_SIMULATION_WORLD_H_
#define CONTROL_SIMULATION_WORLD_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "common/clock/clock.h"

namespace tutti::control::simulation {

// Every choice of a run; the same seed makes the same choices on any machine.
class Random {
 public:
  explicit Random(uint64_t seed) : bits_(seed) {}

  uint64_t Bits() { return bits_(); }
  // Of 0 .. below - 1; below > 0.
  int Below(int below) { return static_cast<int>(bits_() % static_cast<uint64_t>(below)); }
  bool Chance(int permille) { return Below(1'000) < permille; }
  // Any time from `from` up to `to`, in steps of 100 microseconds.
  absl::Duration Between(absl::Duration from, absl::Duration to) {
    const int64_t steps = (to - from) / absl::Microseconds(100);
    return from + absl::Microseconds(100) * Below(static_cast<int>(steps) + 1);
  }

 private:
  std::mt19937_64 bits_;
};

// The time, the choices and the story of one run, and everything that is going
// to happen outside the replicas' own queues. One thread.
class World {
 public:
  explicit World(uint64_t seed) : random(seed) {}

  Random random;

  // Since the beginning.
  absl::Duration Elapsed() const { return elapsed_; }
  absl::Time Now() const { return kBeginning + elapsed_; }

  void After(absl::Duration delay, std::function<void()> event);
  // When the next event is due; InfiniteDuration: there is none.
  absl::Duration NextDue() const;
  // Runs one event that is due; false: none is.
  bool RunOne();
  void AdvanceTo(absl::Duration elapsed) { elapsed_ = elapsed; }

  // Adds a line to the story.
  void Tell(const std::string& line);
  // A short name for an id, the same for the whole run: "call7".
  std::string Name(const std::string& kind, const std::string& id);
  // What has been told before, and a hash of all of it.
  const std::deque<std::string>& story() const { return story_; }
  uint64_t hash() const { return hash_; }
  // Every line goes to standard error as well.
  void Aloud() { aloud_ = true; }

  // An invariant does not hold: the run is over. The first one counts.
  void Fail(const std::string& what);
  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }

 private:
  static constexpr absl::Time kBeginning = absl::FromUnixSeconds(1'800'000'000);

  absl::Duration elapsed_;
  uint64_t events_ = 0;
  std::map<std::pair<absl::Duration, uint64_t>, std::function<void()>> later_;
  std::deque<std::string> story_;
  uint64_t hash_ = 14'695'981'039'346'656'037u;
  bool aloud_ = false;
  std::string failure_;
  std::map<std::string, std::string> names_;
  std::map<std::string, int> named_;
};

// A replica's clock, which is never quite right.
class SkewedClock final : public Clock {
 public:
  SkewedClock(const World& world, absl::Duration skew) : world_(world), skew_(skew) {}
  absl::Time Now() override { return world_.Now() + skew_; }

 private:
  const World& world_;
  const absl::Duration skew_;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_WORLD_H_
