#ifndef SPEECH_RECOGNIZER_SHERPA_ONNX_DECODER_H_
#define SPEECH_RECOGNIZER_SHERPA_ONNX_DECODER_H_

#include <string>

#include "absl/status/statusor.h"
#include "speech/recognizer/decoder.h"

namespace tutti::speech {

// The files of a streaming transducer in an operator's folder: tokens.txt, and one
// each of encoder*.onnx, decoder*.onnx and joiner*.onnx; of several the one with
// ".int8." in its name, or else the first one by name.
struct SherpaOnnxModel {
  std::string tokens;
  std::string encoder;
  std::string decoder;
  std::string joiner;
};

// NOT_FOUND, with one sentence that names what is missing.
absl::StatusOr<SherpaOnnxModel> FindSherpaOnnxModel(const std::string& folder);

// Decoders that share one model. The library and the model are loaded when the first
// decoder is made, again if that failed.
DecoderFactory MakeSherpaOnnxFactory(const std::string& library, const std::string& model_folder);

}  // namespace tutti::speech

#endif  // SPEECH_RECOGNIZER_SHERPA_ONNX_DECODER_H_
