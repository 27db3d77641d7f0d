#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "common/language/language.h"
#include "speech/synthesizer/espeak_output.h"

// Neither reader of espeak-ng's output crashes; what they give is usable.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const tutti::speech::v1::Voice& voice : tutti::speech::ParseEspeakVoices(bytes)) {
    if (!tutti::IsLanguageTag(voice.language()) || !tutti::IsLanguageTag(voice.voice())) std::abort();
  }
  const auto sound = tutti::speech::ParseEspeakWav(bytes);
  if (sound.ok() && (sound->sample_rate_hz <= 0 || sound->samples.size() * 2 > size)) std::abort();
  return 0;
}
