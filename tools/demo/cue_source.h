#ifndef TOOLS_DEMO_CUE_SOURCE_H_
#define TOOLS_DEMO_CUE_SOURCE_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "tools/caller/sound.h"

namespace tutti::tools {

// Silence until its cue, then the samples, then silence. Read() on the caller's
// thread, Cue() from any, early enough: before its sample is read.
class CueSource final : public AudioSource {
 public:
  // When to begin: the count of samples since the first Read().
  using Cue = std::atomic<int64_t>;
  static constexpr int64_t kNoCue = std::numeric_limits<int64_t>::max();

  CueSource(std::vector<int16_t> samples, std::shared_ptr<const Cue> cue)
      : samples_(std::move(samples)), cue_(std::move(cue)) {}

  void Read(std::span<int16_t> out) override {
    const int64_t cue = cue_->load();
    for (int16_t& sample : out) {
      const int64_t i = read_++ - cue;
      sample = i >= 0 && i < static_cast<int64_t>(samples_.size()) ? samples_[static_cast<size_t>(i)] : 0;
    }
  }

 private:
  const std::vector<int16_t> samples_;
  const std::shared_ptr<const Cue> cue_;
  int64_t read_ = 0;
};

}  // namespace tutti::tools

#endif  // TOOLS_DEMO_CUE_SOURCE_H_
