#include "mediaplane/engine/worker.h"

#include <algorithm>
#include <utility>

namespace tutti::mediaplane {

Worker::Worker(Parts parts)
    : parts_(std::move(parts)),
      slot_ns_(kTickNs / parts_.options.phases),
      phases_(parts_.options.phases),
      mine_(parts_.options.legs_max),
      members_(parts_.options.legs_max),
      whisperers_(parts_.options.legs_max) {}

Worker::~Worker() { rte_pktmbuf_free_bulk(spare_.data(), spare_count_); }

int64_t Worker::RunOnce(int64_t now_ns) {
  worked_ = false;
  ran_slot_ = false;
  if (next_slot_ < 0) next_slot_ = (now_ns + slot_ns_ - 1) / slot_ns_;
  RollLoadWindow(now_ns);
  TakeHandovers();
  if (polling()) Receive(0);
  if (next_slot_ * slot_ns_ <= now_ns) {
    SkipLateSlots(now_ns);
    RunSlot(now_ns);
    AdvanceSlot();
  }
  TakeCommands(now_ns);
  Flush();
  return next_slot_ * slot_ns_;
}

void Worker::SkipLateSlots(int64_t now_ns) {
  const int64_t late_ticks = (now_ns - next_slot_ * slot_ns_) / kTickNs;
  if (late_ticks <= kLateTicksMax) return;
  // Legs see the gap by their own clock: the next frame's timestamp jumps over it.
  const int64_t skipped = late_ticks - kLateTicksMax;
  next_slot_ += skipped * static_cast<int64_t>(phases_.size());
  int64_t occupied = 0;
  for (const Phase& phase : phases_) occupied += phase.occupied();
  counters_.ticks_skipped.Add(static_cast<uint64_t>(skipped * occupied));
  skipped_[static_cast<size_t>(load_second_ % kLoadWindowSeconds)] += static_cast<uint64_t>(skipped * occupied);
}

void Worker::RunSlot(int64_t now_ns) {
  const unsigned index = static_cast<unsigned>(next_slot_ % static_cast<int64_t>(phases_.size()));
  Phase& phase = phases_[index];
  if (!phase.occupied()) return;
  worked_ = true;
  ran_slot_ = true;
  const int64_t tick_ns = next_slot_ * slot_ns_;
  counters_.ticks.Add(1);
  counters_.tick_lateness.Record(now_ns - tick_ns);
  if (now_ns - tick_ns >= kTickNs) counters_.ticks_late.Add(1);
  if (!polling()) Receive(index);
  if (phase.g722_legs > 0) phase.silence.Tick();
  TickPhase(phase, tick_ns);
  counters_.frames_encoded.Add(mixer_.TakeEncodes());
  Flush();
}

// To the next slot where somebody lives, but no further than a tick: commands
// and legs from other workers wait for that.
void Worker::AdvanceSlot() {
  const int64_t phases = static_cast<int64_t>(phases_.size());
  for (int64_t step = 1; step <= phases; ++step) {
    ++next_slot_;
    if (phases_[static_cast<size_t>(next_slot_ % phases)].occupied()) return;
  }
}

void Worker::Finished(int64_t begin_ns, int64_t end_ns) {
  const int64_t busy_ns = end_ns - begin_ns;
  if (ran_slot_) counters_.tick_duration.Record(busy_ns);
  // Polling an empty port is no work.
  if (worked_ || !polling()) busy_ns_[static_cast<size_t>(load_second_ % kLoadWindowSeconds)] += busy_ns;
}

// Cells of a second each; a new one begins empty, and what the last five held is
// the load.
void Worker::RollLoadWindow(int64_t now_ns) {
  constexpr int64_t kSecondNs = 1'000'000'000;
  const int64_t second = now_ns / kSecondNs;
  if (load_second_ == second) return;
  if (load_second_ >= 0) {
    int64_t busy = 0;
    uint64_t skipped = 0;
    for (int i = 0; i < kLoadWindowSeconds; ++i) {
      busy += busy_ns_[static_cast<size_t>(i)];
      skipped += skipped_[static_cast<size_t>(i)];
    }
    counters_.load_permille.Set(static_cast<uint64_t>(busy * 1000 / (kLoadWindowSeconds * kSecondNs)));
    counters_.skipped_recently.Set(skipped);
  }
  // No more cells than there are; none at the first call, for they are empty.
  const int64_t passed = load_second_ < 0 ? 0 : std::min<int64_t>(second - load_second_, kLoadWindowSeconds);
  for (int64_t i = 0; i < passed; ++i) {
    busy_ns_[static_cast<size_t>((second - i) % kLoadWindowSeconds)] = 0;
    skipped_[static_cast<size_t>((second - i) % kLoadWindowSeconds)] = 0;
  }
  load_second_ = second;
}

}  // namespace tutti::mediaplane
