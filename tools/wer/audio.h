#ifndef TOOLS_WER_AUDIO_H_
#define TOOLS_WER_AUDIO_H_

#include <cstdint>
#include <string>
#include <vector>

namespace tutti::wer {

// What a caller's speech goes through.
struct Way {
  // As the table says it.
  const char* name;
  int sample_rate_hz;
  // 16 kHz in, samples of sample_rate_hz out.
  std::vector<int16_t> (*go)(const std::vector<int16_t>& samples);
};

// 16 kHz as it is, G.722, 8 kHz L16 and PCMU.
const std::vector<Way>& Ways();

// A raw file of G.722 at 64 kbit/s as samples of 16 kHz.
std::vector<int16_t> DecodeG722(const std::string& file);

}  // namespace tutti::wer

#endif  // TOOLS_WER_AUDIO_H_
