// A library with the functions that SherpaOnnxApi looks for. It understands "N SAMPLES"
// of N samples, in capitals as some models do, once `joiner` is a file that says so.

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>

#include "speech/recognizer/sherpa_onnx_api.h"

namespace tutti::speech::sherpa {

struct Recognizer {};
struct Stream {
  long samples = 0;
  long decoded = 0;
  bool finished = false;
};

extern "C" {

const char* SherpaOnnxGetVersionStr() { return "1.13.99"; }

const Recognizer* SherpaOnnxCreateOnlineRecognizer(const RecognizerConfig* config) {
  std::string word;
  std::ifstream(config->model.transducer.joiner) >> word;
  if (word == "throw") throw std::runtime_error("a fake onnxruntime error");
  const bool right = word == "fake" && config->features.sample_rate_hz == 16'000 && config->features.dimensions == 80 &&
                     std::strcmp(config->model.provider, "cpu") == 0 &&
                     std::strcmp(config->decoding_method, "greedy_search") == 0;
  return right ? new Recognizer : nullptr;
}
void SherpaOnnxDestroyOnlineRecognizer(const Recognizer* recognizer) { delete recognizer; }

const Stream* SherpaOnnxCreateOnlineStream(const Recognizer*) { return new Stream; }
void SherpaOnnxDestroyOnlineStream(const Stream* stream) { delete stream; }

void SherpaOnnxOnlineStreamAcceptWaveform(const Stream* stream, int32_t, const float* samples, int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    // What is added for the look-ahead is silence.
    if (samples[i] > 0.49F && samples[i] < 0.51F) ++const_cast<Stream*>(stream)->samples;
  }
}
int32_t SherpaOnnxIsOnlineStreamReady(const Recognizer*, const Stream* stream) {
  return stream->decoded < stream->samples;
}
void SherpaOnnxDecodeOnlineStream(const Recognizer*, const Stream* stream) {
  const_cast<Stream*>(stream)->decoded = stream->samples;
}
void SherpaOnnxOnlineStreamInputFinished(const Stream* stream) { const_cast<Stream*>(stream)->finished = true; }

const Result* SherpaOnnxGetOnlineStreamResult(const Recognizer*, const Stream* stream) {
  const std::string text = " " + std::to_string(stream->decoded) + (stream->finished ? " SAMPLES" : " SO FAR");
  return new Result{strdup(text.c_str())};
}
void SherpaOnnxDestroyOnlineRecognizerResult(const Result* result) {
  free(const_cast<char*>(result->text));
  delete result;
}

}  // extern "C"

}  // namespace tutti::speech::sherpa
