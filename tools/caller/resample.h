#ifndef TOOLS_CALLER_RESAMPLE_H_
#define TOOLS_CALLER_RESAMPLE_H_

#include <cstdint>
#include <vector>

namespace tutti::tools {

// Converts whole recordings from any rate (Hz) to any other by a windowed sinc,
// flat to 0.9 of the lower Nyquist frequency, without delay. Not for real time.
std::vector<int16_t> Resample(const std::vector<int16_t>& samples, int from_hz, int to_hz);

}  // namespace tutti::tools

#endif  // TOOLS_CALLER_RESAMPLE_H_
