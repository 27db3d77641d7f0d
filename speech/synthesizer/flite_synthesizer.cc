#include "speech/synthesizer/flite_synthesizer.h"

#include <flite/flite.h>

#include <memory>

#include "absl/base/const_init.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/status/status.h"

// What flite1-dev has no header for.
extern "C" {
cst_voice* register_cmu_us_slt(const char* voxdir);
cst_voice* register_cmu_us_rms(const char* voxdir);
cst_voice* register_cmu_us_awb(const char* voxdir);
cst_voice* register_cmu_us_kal16(const char* voxdir);
}

namespace tutti::speech {
namespace {

struct FliteVoice {
  const char* name;
  cst_voice* (*make)(const char*);
};

// The first one is the one that people and recognisers understand best.
constexpr FliteVoice kVoices[] = {{"slt", register_cmu_us_slt},
                                  {"rms", register_cmu_us_rms},
                                  {"awb", register_cmu_us_awb},
                                  {"kal16", register_cmu_us_kal16}};

// Of all objects: the voices are flite's globals.
absl::Mutex flite_mutex(absl::kConstInit);

struct DeleteWave {
  void operator()(cst_wave* wave) const { delete_wave(wave); }
};

}  // namespace

FliteSynthesizer::FliteSynthesizer() {
  absl::MutexLock lock(&flite_mutex);
  flite_init();
  for (const FliteVoice& each : kVoices) {
    v1::Voice& voice = voices_.emplace_back();
    voice.set_voice(each.name);
    voice.set_language("en-US");
    voice.set_provider("flite");
  }
}

absl::StatusOr<Sound> FliteSynthesizer::Speak(const std::string& text, const v1::Voice& voice,
                                              const std::atomic<bool>& cancelled) {
  absl::MutexLock lock(&flite_mutex);
  if (cancelled) return absl::CancelledError("the client does not want it any more");
  for (const FliteVoice& each : kVoices) {
    if (voice.voice() != each.name) continue;
    const std::unique_ptr<cst_wave, DeleteWave> wave(flite_text_to_wave(text.c_str(), each.make(nullptr)));
    if (wave == nullptr || wave->sample_rate <= 0 || wave->num_channels != 1) break;
    return Sound{wave->sample_rate, {wave->samples, wave->samples + wave->num_samples}};
  }
  return Error(absl::StatusCode::kInternal, "SYNTHESIS_FAILED",
               absl::StrCat("flite could not speak with the voice ", voice.voice()));
}

}  // namespace tutti::speech
