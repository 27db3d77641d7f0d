#ifndef MEDIAPLANE_STREAM_SAMPLE_RING_H_
#define MEDIAPLANE_STREAM_SAMPLE_RING_H_

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tutti::mediaplane {

// Samples on their way from one thread to another: one puts, one takes, neither
// waits nor takes memory.
class SampleRing {
 public:
  explicit SampleRing(size_t samples_max) : samples_max_(samples_max), samples_(std::bit_ceil(samples_max)) {}

  // How many of them found room.
  size_t Put(std::span<const int16_t> samples) {
    const size_t put = put_.load(std::memory_order_relaxed);
    const size_t room = samples_max_ - (put - taken_.load(std::memory_order_acquire));
    const size_t count = std::min(room, samples.size());
    for (size_t i = 0; i < count; ++i) samples_[(put + i) & (samples_.size() - 1)] = samples[i];
    put_.store(put + count, std::memory_order_release);
    return count;
  }

  // How many there were, at most as many as fit.
  size_t Take(std::span<int16_t> samples) {
    const size_t taken = taken_.load(std::memory_order_relaxed);
    const size_t count = std::min(put_.load(std::memory_order_acquire) - taken, samples.size());
    for (size_t i = 0; i < count; ++i) samples[i] = samples_[(taken + i) & (samples_.size() - 1)];
    taken_.store(taken + count, std::memory_order_release);
    return count;
  }

  size_t room() const { return samples_max_ - size(); }
  size_t size() const { return put_.load(std::memory_order_acquire) - taken_.load(std::memory_order_acquire); }

 private:
  const size_t samples_max_;
  std::vector<int16_t> samples_;  // a power of two
  // Since the start; they wrap.
  alignas(64) std::atomic<size_t> put_ = 0;
  alignas(64) std::atomic<size_t> taken_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_STREAM_SAMPLE_RING_H_
