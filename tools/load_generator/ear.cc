#include "tools/load_generator/ear.h"

#include <cmath>
#include <cstdlib>

namespace tutti::tools {
namespace {

// A talker's sine passes it within a sample or two; silence and companded
// silence never.
constexpr int kOnsetAmplitude = 300;
// So much quiet before an onset counts as one.
constexpr int64_t kQuietMs = 50;
constexpr int64_t kDelayMaxNs = 1'000'000'000;

// Windows of 200 ms begin at 0.8, 1.3 and 1.8 s of a period: all talkers have
// been speaking since 0.2 s, and speak until 2.4 s, however late it comes.
constexpr int64_t kFirstWindowNs = 800'000'000;
constexpr int64_t kWindowStepNs = 500'000'000;
constexpr int kWindows = 3;

// A late packet is concealed, faded and made up for in so long; with the window.
constexpr int64_t kDisturbedNs = 700'000'000;

}  // namespace

Ear::Ear(const EarOptions& options, const RoomState* room, const ToneMeter* meter)
    : options_(options), room_(*room), meter_(*meter) {
  window_.reserve(static_cast<size_t>(WindowSamples(options.sample_rate_hz)));
}

void Ear::OnFrame(std::span<const int16_t> samples, int64_t arrival_ns, bool in_order) {
  LookForOnset(samples, arrival_ns);
  Collect(samples, arrival_ns, in_order);
}

void Ear::LookForOnset(std::span<const int16_t> samples, int64_t arrival_ns) {
  for (size_t i = 0; i < samples.size(); ++i) {
    if (std::abs(int{samples[i]}) < kOnsetAmplitude) {
      ++quiet_samples_;
      continue;
    }
    // Quiet between two swings of a sine is shorter than any rest.
    const bool onset = quiet_samples_ * 1000 >= kQuietMs * options_.sample_rate_hz;
    quiet_samples_ = 0;
    // The first talker hears the others, who begin later; it can't tell.
    if (!onset || options_.first_talker || room_.onset_sent_ns == 0) continue;
    const int64_t heard_ns = arrival_ns + static_cast<int64_t>(i) * 1'000'000'000 / options_.sample_rate_hz;
    const int64_t delay_ns = heard_ns - room_.onset_sent_ns;
    if (delay_ns < 0 || delay_ns >= kDelayMaxNs) continue;
    counts_.delays_ms.push_back(static_cast<float>(delay_ns) / 1e6f);
  }
}

void Ear::Collect(std::span<const int16_t> samples, int64_t arrival_ns, bool in_order) {
  if (!in_order) collecting_ = false;
  if (!collecting_) {
    const int64_t at = arrival_ns - room_.start_ns;
    if (at < 0) return;
    const int64_t in_period = at % Schedule::kPeriodNs - kFirstWindowNs;
    if (in_period < 0 || in_period >= kWindows * kWindowStepNs) return;
    // Only where a window fits in before the next begins.
    if (in_period % kWindowStepNs > kWindowStepNs / 5) return;
    const int64_t number = at / Schedule::kPeriodNs * kWindows + in_period / kWindowStepNs;
    if (number == last_window_) return;
    last_window_ = number;
    collecting_ = true;
    window_.clear();
  }
  const size_t room = static_cast<size_t>(WindowSamples(options_.sample_rate_hz)) - window_.size();
  window_.insert(window_.end(), samples.begin(),
                 samples.begin() + static_cast<ptrdiff_t>(std::min(room, samples.size())));
  if (samples.size() < room) return;
  collecting_ = false;
  Check(arrival_ns);
}

void Ear::Check(int64_t now_ns) {
  if (room_.sent_late_ns != 0 && now_ns - room_.sent_late_ns < kDisturbedNs) {
    ++counts_.disturbed;
    return;
  }
  ++counts_.windows;
  const auto levels = meter_.Measure(window_);
  for (int tone = 0; tone < kTonesMax; ++tone) {
    if (options_.expected[tone]) {
      if (std::abs(levels[tone] - options_.level_dbfs) > kLevelToleranceDb) ++counts_.missing;
    } else if (levels[tone] > options_.level_dbfs - kTraceDb) {
      ++(tone == options_.own_tone ? counts_.own : counts_.strangers);
    }
  }
}

}  // namespace tutti::tools
