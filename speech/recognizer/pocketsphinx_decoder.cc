#include "speech/recognizer/pocketsphinx_decoder.h"

#include <pocketsphinx.h>
#include <sphinxbase/err.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <limits>
#include <optional>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "speech/recognizer/level_spread.h"
#include "speech/recognizer/text.h"

namespace tutti::speech {
namespace {

constexpr char kAcousticModel[] = "/en-us";
constexpr char kLanguageModel[] = "/en-us.lm.bin";
constexpr char kDictionary[] = "/cmudict-en-us.dict";

struct FreeConfig {
  void operator()(cmd_ln_t* config) const { cmd_ln_free_r(config); }
};
struct FreeDecoder {
  void operator()(ps_decoder_t* decoder) const { ps_free(decoder); }
};
using Config = std::unique_ptr<cmd_ln_t, FreeConfig>;
using Sphinx = std::unique_ptr<ps_decoder_t, FreeDecoder>;

absl::Status Broken(const char* what) {
  return Error(absl::StatusCode::kInternal, "DECODER_FAILED", absl::StrCat("pocketsphinx could not ", what));
}

// With some broken models it ends the process: then with a word of why.
void LastWords(void*, err_lvl_t level, const char* format, ...) {
  if (level != ERR_FATAL) return;
  std::fputs("speech: pocketsphinx cannot go on with its model: ", stderr);
  va_list words;
  va_start(words, format);
  std::vfprintf(stderr, format, words);
  va_end(words);
}

// A hiss of -60 dBFS over speech from a narrow band. The model has never heard a band
// above 4 kHz that is empty: without it eight words of ten are wrong, with it six.
class Hiss {
 public:
  std::span<const int16_t> Over(std::span<const int16_t> samples) {
    mixed_.resize(samples.size());
    std::transform(samples.begin(), samples.end(), mixed_.begin(), [this](int16_t sample) {
      constexpr int kMin = std::numeric_limits<int16_t>::min();
      constexpr int kMax = std::numeric_limits<int16_t>::max();
      return static_cast<int16_t>(std::clamp(sample + Noise(), kMin, kMax));
    });
    return mixed_;
  }

 private:
  // Nearly a normal distribution, with a deviation of 30 steps: the same every time.
  int Noise() {
    constexpr int kAmplitude = 26;
    int sum = 0;
    for (int i = 0; i < 4; ++i) sum += static_cast<int>(random_() % (2 * kAmplitude + 1)) - kAmplitude;
    return sum;
  }

  std::minstd_rand random_{1};
  std::vector<int16_t> mixed_;
};

class PocketsphinxDecoder final : public Decoder {
 public:
  explicit PocketsphinxDecoder(Sphinx sphinx) : sphinx_(std::move(sphinx)), initial_(Means()) {}

  // What it learns of a speaker are the means of the cepstrum: with those of the
  // first utterance the second one has a fifth less errors.
  absl::Status Begin(const SpeakerProfile& profile, int source_rate_hz) override {
    // An utterance that was given up.
    if (begun_) ps_end_utt(sphinx_.get());
    begun_ = false;
    const std::vector<float>& means = profile.size() == initial_.size() ? profile : initial_;
    cmn_live_set(ps_get_feat(sphinx_.get())->cmn_struct, means.data());
    if (ps_start_stream(sphinx_.get()) < 0 || ps_start_utt(sphinx_.get()) < 0) return Broken("begin an utterance");
    begun_ = true;
    spread_ = {};
    hiss_.reset();
    if (source_rate_hz < kDecoderRateHz) hiss_.emplace();
    return absl::OkStatus();
  }

  absl::Status Feed(std::span<const int16_t> samples) override {
    spread_.Feed(samples);
    if (hiss_) samples = hiss_->Over(samples);
    if (ps_process_raw(sphinx_.get(), samples.data(), samples.size(), FALSE, FALSE) < 0) return Broken("decode");
    return absl::OkStatus();
  }

  std::string Interim() override { return Text(); }

  absl::StatusOr<Transcript> End(SpeakerProfile& profile) override {
    begun_ = false;
    if (ps_end_utt(sphinx_.get()) < 0) return Broken("end an utterance");
    Transcript transcript;
    if (spread_.IsSteadyNoise()) return transcript;
    transcript.text = Text();
    if (!transcript.text.empty()) {
      transcript.confidence = Confidence();
      profile = Means();
    }
    return transcript;
  }

 private:
  std::vector<float> Means() const {
    cmn_t* cmn = ps_get_feat(sphinx_.get())->cmn_struct;
    std::vector<float> means(static_cast<size_t>(cmn->veclen));
    cmn_live_get(cmn, means.data());
    return means;
  }

  // Without noises and silence.
  std::string Text() const {
    const char* text = ps_get_hyp(sphinx_.get(), nullptr);
    return text == nullptr ? "" : PlainWords(text);
  }

  // The mean of the words' posterior probabilities.
  float Confidence() const {
    logmath_t* const logmath = ps_get_logmath(sphinx_.get());
    double sum = 0;
    int words = 0;
    for (ps_seg_t* word = ps_seg_iter(sphinx_.get()); word != nullptr; word = ps_seg_next(word)) {
      // "<s>", "<sil>", "[NOISE]", "++breath++".
      const char first = *ps_seg_word(word);
      if (first == '<' || first == '[' || first == '+') continue;
      sum += logmath_exp(logmath, ps_seg_prob(word, nullptr, nullptr, nullptr));
      ++words;
    }
    return words == 0 ? 0 : static_cast<float>(std::min(1.0, sum / words));
  }

  const Sphinx sphinx_;
  // Of a speaker that is not known.
  const std::vector<float> initial_;
  bool begun_ = false;
  LevelSpread spread_;
  std::optional<Hiss> hiss_;
};

}  // namespace

absl::Status CheckPocketsphinxModel(const std::string& folder) {
  for (const char* file : {kAcousticModel, kLanguageModel, kDictionary}) {
    const std::string path = absl::StrCat(folder, file);
    if (access(path.c_str(), R_OK) == 0) continue;
    return Error(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND",
                 absl::StrCat("can't read ", path, ": is the package pocketsphinx-en-us installed?"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Decoder>> MakePocketsphinxDecoder(const std::string& folder) {
  TUTTI_RETURN_IF_ERROR(CheckPocketsphinxModel(folder));
  err_set_logfp(nullptr);
  err_set_callback(LastWords, nullptr);
  // -ds, -topn and -maxhmmpf take half of the CPU time at the same word error rate.
  const Config config(cmd_ln_init(nullptr, ps_args(), TRUE, "-hmm", absl::StrCat(folder, kAcousticModel).c_str(), "-lm",
                                  absl::StrCat(folder, kLanguageModel).c_str(), "-dict",
                                  absl::StrCat(folder, kDictionary).c_str(), "-ds", "2", "-topn", "2", "-maxhmmpf",
                                  "3000", nullptr));
  if (config == nullptr) return Broken("read its settings");
  Sphinx sphinx(ps_init(config.get()));
  if (sphinx == nullptr) return Broken(absl::StrCat("load the model in ", folder).c_str());
  return std::make_unique<PocketsphinxDecoder>(std::move(sphinx));
}

}  // namespace tutti::speech
