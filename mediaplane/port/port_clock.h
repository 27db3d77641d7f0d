#ifndef MEDIAPLANE_PORT_PORT_CLOCK_H_
#define MEDIAPLANE_PORT_PORT_CLOCK_H_

#include <time.h>

#include <cstdint>

namespace tutti::mediaplane {

// Both clocks at one moment: the pipeline lives in monotonic time, the kernel
// stamps packets in real time.
struct PortTime {
  int64_t monotonic_ns = 0;
  int64_t real_ns = 0;
};

// Read once a batch, on the worker. A plain function: workers own no objects
// that others replace.
using PortClock = PortTime (*)();

inline PortTime SystemPortClock() {
  timespec monotonic, real;
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  clock_gettime(CLOCK_REALTIME, &real);
  return {.monotonic_ns = monotonic.tv_sec * 1'000'000'000 + monotonic.tv_nsec,
          .real_ns = real.tv_sec * 1'000'000'000 + real.tv_nsec};
}

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_PORT_PORT_CLOCK_H_
