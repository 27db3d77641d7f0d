#ifndef MEDIAPLANE_ENGINE_NTP_H_
#define MEDIAPLANE_ENGINE_NTP_H_

#include <cstdint>

namespace tutti::mediaplane {

// NTP's 32.32 form of the monotonic clock. Reports compare times of one sender
// only, and RFC 3550 section 4 allows a clock without a known epoch.
inline uint64_t NtpOf(int64_t monotonic_ns) {
  const uint64_t seconds = static_cast<uint64_t>(monotonic_ns) / 1'000'000'000;
  const uint64_t rest = static_cast<uint64_t>(monotonic_ns) % 1'000'000'000;
  return seconds << 32 | (rest << 32) / 1'000'000'000;
}

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_NTP_H_
