#include "speech/synthesizer/flite_synthesizer.h"

#include <flite/flite.h>

#include <memory>

#include "absl/base/const_init.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
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

// Where flite looks for who wants its samples as they come.
constexpr char kStreaming[] = "streaming_info";

// Watches a voice while it speaks, and stops it when it shall not go on.
class Watch {
 public:
  Watch(cst_voice& voice, absl::Time deadline, const std::atomic<bool>& cancelled)
      : voice_(voice), deadline_(deadline), cancelled_(cancelled) {
    // The voice's features own it.
    cst_audio_streaming_info* const info = new_audio_streaming_info();
    info->asc = OnSamples;
    info->userdata = this;
    feat_set(voice_.features, kStreaming, audio_streaming_info_val(info));
  }
  ~Watch() { feat_remove(voice_.features, kStreaming); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // Why it was stopped.
  const absl::Status& stopped() const { return stopped_; }

 private:
  // Every 20 ms of speech or so.
  static int OnSamples(const cst_wave*, int, int, int, cst_audio_streaming_info* info) {
    Watch& watch = *static_cast<Watch*>(info->userdata);
    if (watch.cancelled_) {
      watch.stopped_ = absl::CancelledError("the client does not want it any more");
    } else if (absl::Now() > watch.deadline_) {
      watch.stopped_ = absl::DeadlineExceededError("it took too long");
    }
    return watch.stopped_.ok() ? CST_AUDIO_STREAM_CONT : CST_AUDIO_STREAM_STOP;
  }

  cst_voice& voice_;
  const absl::Time deadline_;
  const std::atomic<bool>& cancelled_;
  absl::Status stopped_;
};

absl::Status Failed(const v1::Voice& voice, absl::string_view why) {
  return Error(absl::StatusCode::kInternal, "SYNTHESIS_FAILED",
               absl::StrCat("flite could not speak with the voice ", voice.voice(), ": ", why));
}

}  // namespace

FliteSynthesizer::FliteSynthesizer(const SpeakingTime& time) : time_(time) {
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
    cst_voice* const made = each.make(nullptr);
    const Watch watch(*made, absl::Now() + time_.Of(text), cancelled);
    const std::unique_ptr<cst_wave, DeleteWave> wave(flite_text_to_wave(text.c_str(), made));
    if (absl::IsCancelled(watch.stopped())) return watch.stopped();
    if (!watch.stopped().ok()) return Failed(voice, watch.stopped().message());
    if (wave == nullptr || wave->sample_rate <= 0 || wave->num_channels != 1) break;
    return Sound{wave->sample_rate, {wave->samples, wave->samples + wave->num_samples}};
  }
  return Failed(voice, "it gives no sound");
}

}  // namespace tutti::speech
