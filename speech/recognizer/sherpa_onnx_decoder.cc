#include "speech/recognizer/sherpa_onnx_decoder.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/status/status.h"
#include "speech/recognizer/sherpa_onnx_api.h"
#include "speech/recognizer/text.h"

namespace tutti::speech {
namespace {

constexpr int kDimensions = 80;
// A transducer looks ahead: silence lets it come to the end of the speech.
constexpr size_t kTailSamples = kDecoderRateHz * 2 / 3;

absl::Status ModelError(const std::string& message) {
  return Error(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND", message);
}

// The recogniser with its model; decoders share it.
class SherpaRecognizer {
 public:
  SherpaRecognizer(const SherpaOnnxApi& api, const sherpa::Recognizer* recognizer) : api(api), recognizer(recognizer) {}
  ~SherpaRecognizer() { api.destroy_recognizer(recognizer); }

  static absl::StatusOr<std::shared_ptr<const SherpaRecognizer>> Load(const std::string& library,
                                                                      const std::string& folder) {
    TUTTI_ASSIGN_OR_RETURN(const SherpaOnnxModel model, FindSherpaOnnxModel(folder));
    TUTTI_ASSIGN_OR_RETURN(const SherpaOnnxApi api, SherpaOnnxApi::Load(library));
    sherpa::RecognizerConfig config;
    config.features = {kDecoderRateHz, kDimensions};
    config.model.transducer = {model.encoder.c_str(), model.decoder.c_str(), model.joiner.c_str()};
    config.model.tokens = model.tokens.c_str();
    // The pool has its own threads.
    config.model.threads = 1;
    config.model.provider = "cpu";
    config.decoding_method = "greedy_search";
    std::string why = "the library refuses it";
    const sherpa::Recognizer* recognizer = nullptr;
    try {
      recognizer = api.create_recognizer(&config);
    } catch (const std::exception& exception) {
      // onnxruntime's way to say that a file is no model.
      why = exception.what();
    }
    if (recognizer == nullptr) return ModelError(absl::StrCat("can't use the model in ", folder, ": ", why));
    return std::make_shared<const SherpaRecognizer>(api, recognizer);
  }

  const SherpaOnnxApi api;
  const sherpa::Recognizer* const recognizer;
};

class SherpaDecoder final : public Decoder {
 public:
  explicit SherpaDecoder(std::shared_ptr<const SherpaRecognizer> shared) : shared_(std::move(shared)) {}
  ~SherpaDecoder() override { Drop(); }

  absl::Status Begin(const SpeakerProfile&, int) override {
    Drop();
    stream_ = api().create_stream(shared_->recognizer);
    if (stream_ != nullptr) return absl::OkStatus();
    return Error(absl::StatusCode::kInternal, "DECODER_FAILED", "sherpa-onnx could not begin an utterance");
  }

  absl::Status Feed(std::span<const int16_t> samples) override {
    constexpr float kFullScale = 32768;
    floats_.resize(samples.size());
    std::transform(samples.begin(), samples.end(), floats_.begin(), [](int16_t sample) { return sample / kFullScale; });
    return Decode();
  }

  std::string Interim() override {
    const sherpa::Result* const result = api().get_result(shared_->recognizer, stream_);
    if (result == nullptr) return "";
    std::string text = result->text == nullptr ? "" : PlainWords(result->text);
    api().destroy_result(result);
    return text;
  }

  absl::StatusOr<Transcript> End(SpeakerProfile&) override {
    floats_.assign(kTailSamples, 0.0F);
    TUTTI_RETURN_IF_ERROR(Decode());
    api().input_finished(stream_);
    floats_.clear();
    TUTTI_RETURN_IF_ERROR(Decode());
    Transcript transcript{Interim()};
    Drop();
    return transcript;
  }

 private:
  const SherpaOnnxApi& api() const { return shared_->api; }

  absl::Status Decode() {
    try {
      if (!floats_.empty()) {
        api().accept_waveform(stream_, kDecoderRateHz, floats_.data(), static_cast<int32_t>(floats_.size()));
      }
      while (api().is_ready(shared_->recognizer, stream_) != 0) api().decode(shared_->recognizer, stream_);
    } catch (const std::exception& exception) {
      return Error(absl::StatusCode::kInternal, "DECODER_FAILED", absl::StrCat("sherpa-onnx: ", exception.what()));
    }
    return absl::OkStatus();
  }

  void Drop() {
    if (stream_ != nullptr) api().destroy_stream(stream_);
    stream_ = nullptr;
  }

  const std::shared_ptr<const SherpaRecognizer> shared_;
  const sherpa::Stream* stream_ = nullptr;
  std::vector<float> floats_;
};

// What a factory and its copies share.
struct Lazy {
  absl::Mutex mutex;
  std::shared_ptr<const SherpaRecognizer> recognizer ABSL_GUARDED_BY(mutex);
};

}  // namespace

absl::StatusOr<SherpaOnnxModel> FindSherpaOnnxModel(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return ModelError(absl::StrCat("can't read the folder ", folder, ": ", error.message()));
  std::sort(names.begin(), names.end());
  std::stable_partition(names.begin(), names.end(),
                        [](const std::string& name) { return name.find(".int8.") != std::string::npos; });
  SherpaOnnxModel model;
  const std::pair<const char*, std::string*> files[] = {
      {"encoder", &model.encoder}, {"decoder", &model.decoder}, {"joiner", &model.joiner}};
  for (const auto& [begin, path] : files) {
    const auto found = std::find_if(names.begin(), names.end(), [begin = begin](const std::string& name) {
      return name.starts_with(begin) && name.ends_with(".onnx");
    });
    if (found == names.end()) return ModelError(absl::StrCat(folder, " has no ", begin, "*.onnx"));
    *path = absl::StrCat(folder, "/", *found);
  }
  model.tokens = absl::StrCat(folder, "/tokens.txt");
  if (!std::filesystem::is_regular_file(model.tokens, error))
    return ModelError(absl::StrCat(folder, " has no tokens.txt"));
  return model;
}

DecoderFactory MakeSherpaOnnxFactory(const std::string& library, const std::string& model_folder) {
  return [library, model_folder, lazy = std::make_shared<Lazy>()]() -> absl::StatusOr<std::unique_ptr<Decoder>> {
    absl::MutexLock lock(&lazy->mutex);
    if (lazy->recognizer == nullptr) {
      TUTTI_ASSIGN_OR_RETURN(lazy->recognizer, SherpaRecognizer::Load(library, model_folder));
    }
    return std::make_unique<SherpaDecoder>(lazy->recognizer);
  };
}

}  // namespace tutti::speech
