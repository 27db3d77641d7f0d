#ifndef TOOLS_LOAD_GENERATOR_EAR_H_
#define TOOLS_LOAD_GENERATOR_EAR_H_

#include <bitset>
#include <cstdint>
#include <span>
#include <vector>

#include "tools/load_generator/tones.h"

namespace tutti::tools {

// When a room's talkers speak: all for 2.4 s, then all rest for 0.6 s, long
// enough for a conference server's gate to close. The first talker begins; the
// others come in 200 ms after it, so that the first sound heard after a rest is
// its. Times are from the room's start, ns.
struct Schedule {
  static constexpr int64_t kPeriodNs = 3'000'000'000;
  static constexpr int64_t kSpeakNs = 2'400'000'000;
  static constexpr int64_t kOthersAfterNs = 200'000'000;

  static bool Speaks(bool first_talker, int64_t room_ns) {
    const int64_t at = room_ns % kPeriodNs;
    return room_ns >= 0 && at < kSpeakNs && (first_talker || at >= kOthersAfterNs);
  }
};

// What everybody of a room needs to know of it. One thread's.
struct RoomState {
  int64_t start_ns = 0;  // of the schedule; the clock of arrivals
  // When the first talker's latest first packet after a rest was sent; 0: none.
  int64_t onset_sent_ns = 0;
  // When this program sent a packet of the room far too late; 0: never. What is
  // heard around it tells nothing about the server.
  int64_t sent_late_ns = 0;
};

// What one receiver heard.
struct HeardCounts {
  uint64_t windows = 0;    // pieces of 200 ms whose tones were checked
  uint64_t disturbed = 0;  // and those that were not, for we had sent late
  uint64_t missing = 0;    // windows × tones that should have been there, at the right level
  uint64_t own = 0;        // windows in which it heard itself
  uint64_t strangers = 0;  // windows × tones of another room, or of nobody
  std::vector<float> delays_ms;

  uint64_t errors() const { return missing + own + strangers; }
};

struct EarOptions {
  int sample_rate_hz = 8000;
  std::bitset<kTonesMax> expected = {};  // the other talkers of the room
  int own_tone = -1;                     // -1: it doesn't talk
  bool first_talker = false;
  double level_dbfs = 0;  // that each talker is sent at
};

// Listens to one caller's stream: who is in it, and how late. Fed with frames in
// the order of their arrival.
class Ear {
 public:
  // `room` and `meter` outlive it; `meter` is for WindowSamples(rate).
  Ear(const EarOptions& options, const RoomState* room, const ToneMeter* meter);

  static int WindowSamples(int sample_rate_hz) { return sample_rate_hz / 5; }

  // `in_order`: the frame follows the last one.
  void OnFrame(std::span<const int16_t> samples, int64_t arrival_ns, bool in_order);

  void Reset() { counts_ = HeardCounts(); }
  const HeardCounts& counts() const { return counts_; }

 private:
  static constexpr double kLevelToleranceDb = 3;
  static constexpr double kTraceDb = 25;  // below a talker's level: nothing

  void LookForOnset(std::span<const int16_t> samples, int64_t arrival_ns);
  void Collect(std::span<const int16_t> samples, int64_t arrival_ns, bool in_order);
  void Check(int64_t now_ns);

  const EarOptions options_;
  const RoomState& room_;
  const ToneMeter& meter_;
  HeardCounts counts_;
  int64_t quiet_samples_ = 0;
  int64_t last_window_ = -1;  // number of the window taken last, over all periods
  std::vector<int16_t> window_;
  bool collecting_ = false;
};

}  // namespace tutti::tools

#endif  // TOOLS_LOAD_GENERATOR_EAR_H_
