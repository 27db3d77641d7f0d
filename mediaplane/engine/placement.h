#ifndef MEDIAPLANE_ENGINE_PLACEMENT_H_
#define MEDIAPLANE_ENGINE_PLACEMENT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tutti::mediaplane {

// Where a bridge or a leg runs.
struct Place {
  uint16_t worker = 0;
  uint16_t phase = 0;
};

// Spreads bridges and legs over workers and phases by what has been put there:
// the least occupied phase of the least loaded worker. Control thread only.
class Placement {
 public:
  Placement(unsigned workers, unsigned phases) : phases_(phases), workers_(workers), weights_(workers * phases) {}

  // Among the workers that `usable(worker)` allows; false when there is none.
  template <typename Usable>
  bool Choose(const Usable& usable, Place& place) const {
    bool found = false;
    for (unsigned w = 0; w < workers_.size(); ++w) {
      if (!usable(w) || (found && workers_[w] >= workers_[place.worker])) continue;
      found = true;
      place.worker = static_cast<uint16_t>(w);
    }
    if (found) place.phase = ChoosePhase(place.worker);
    return found;
  }

  uint16_t ChoosePhase(unsigned worker) const {
    unsigned best = 0;
    for (unsigned p = 1; p < phases_; ++p) {
      if (weights_[worker * phases_ + p] < weights_[worker * phases_ + best]) best = p;
    }
    return static_cast<uint16_t>(best);
  }

  // A bridge counts for the legs that it will have.
  void AddBridge(const Place& place) { Add(place, kBridgeWeight); }
  void RemoveBridge(const Place& place) { Add(place, -kBridgeWeight); }
  void AddLeg(const Place& place) { Add(place, kLegWeight); }
  void RemoveLeg(const Place& place) { Add(place, -kLegWeight); }

 private:
  static constexpr int64_t kBridgeWeight = 2;
  static constexpr int64_t kLegWeight = 1;

  void Add(const Place& place, int64_t weight) {
    workers_[place.worker] += weight;
    weights_[place.worker * phases_ + place.phase] += weight;
  }

  size_t phases_;
  std::vector<int64_t> workers_;
  std::vector<int64_t> weights_;  // [worker × phases + phase]
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_PLACEMENT_H_
