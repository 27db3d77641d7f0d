#ifndef SPEECH_RECOGNIZER_SHERPA_ONNX_API_H_
#define SPEECH_RECOGNIZER_SHERPA_ONNX_API_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tutti::speech {

// What of sherpa-onnx's C interface a streaming recogniser needs, as version 1.13 has
// it. Its structures change between minor versions, so Load refuses any other one.
// Their layout was checked against the library of 1.13.8, which prints every field
// that it takes if `debug` is set.
namespace sherpa {

inline constexpr char kVersion[] = "1.13.";

struct FeatureConfig {
  int32_t sample_rate_hz = 0;
  int32_t dimensions = 0;
};

struct TransducerConfig {
  const char* encoder = nullptr;
  const char* decoder = nullptr;
  const char* joiner = nullptr;
};

struct ModelConfig {
  TransducerConfig transducer;
  const char* paraformer_encoder = nullptr;
  const char* paraformer_decoder = nullptr;
  const char* zipformer2_ctc_model = nullptr;
  const char* tokens = nullptr;
  int32_t threads = 0;
  const char* provider = nullptr;
  int32_t debug = 0;
  const char* model_type = nullptr;
  const char* modeling_unit = nullptr;
  const char* bpe_vocabulary = nullptr;
  const char* tokens_buffer = nullptr;
  int32_t tokens_buffer_bytes = 0;
  const char* nemo_ctc_model = nullptr;
  const char* t_one_ctc_model = nullptr;
};

struct RecognizerConfig {
  FeatureConfig features;
  ModelConfig model;
  const char* decoding_method = nullptr;
  int32_t active_paths_max = 0;
  int32_t endpoints = 0;
  float rule1_silence_seconds_min = 0;
  float rule2_silence_seconds_min = 0;
  float rule3_utterance_seconds_min = 0;
  const char* hotwords_file = nullptr;
  float hotwords_score = 0;
  const char* ctc_graph = nullptr;
  int32_t ctc_active_max = 0;
  const char* rule_fsts = nullptr;
  const char* rule_fars = nullptr;
  float blank_penalty = 0;
  const char* hotwords_buffer = nullptr;
  int32_t hotwords_buffer_bytes = 0;
  const char* homophone_folder = nullptr;
  const char* homophone_lexicon = nullptr;
  const char* homophone_rule_fsts = nullptr;
};
static_assert(sizeof(RecognizerConfig) == 272);

// The head of it: what follows is not looked at.
struct Result {
  const char* text;
};

struct Recognizer;
struct Stream;

}  // namespace sherpa

// The library, loaded at run time. It stays loaded to the end of the process.
struct SherpaOnnxApi {
  // One sentence that names the library and what it lacks.
  static absl::StatusOr<SherpaOnnxApi> Load(const std::string& library);

  const char* (*version)();
  const sherpa::Recognizer* (*create_recognizer)(const sherpa::RecognizerConfig*);
  void (*destroy_recognizer)(const sherpa::Recognizer*);
  const sherpa::Stream* (*create_stream)(const sherpa::Recognizer*);
  void (*destroy_stream)(const sherpa::Stream*);
  // Samples of -1 to 1.
  void (*accept_waveform)(const sherpa::Stream*, int32_t rate_hz, const float* samples, int32_t count);
  int32_t (*is_ready)(const sherpa::Recognizer*, const sherpa::Stream*);
  void (*decode)(const sherpa::Recognizer*, const sherpa::Stream*);
  const sherpa::Result* (*get_result)(const sherpa::Recognizer*, const sherpa::Stream*);
  void (*destroy_result)(const sherpa::Result*);
  void (*input_finished)(const sherpa::Stream*);
};

}  // namespace tutti::speech

#endif  // SPEECH_RECOGNIZER_SHERPA_ONNX_API_H_
