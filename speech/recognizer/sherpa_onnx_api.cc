#include "speech/recognizer/sherpa_onnx_api.h"

#include <dlfcn.h>

#include <string_view>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::speech {
namespace {

absl::Status Unusable(const std::string& library, const std::string& why) {
  return Error(absl::StatusCode::kFailedPrecondition, "LIBRARY_UNUSABLE",
               absl::StrCat("can't use ", library, ": ", why));
}

// False, and the name's, where the library has no such function.
template <typename Function>
bool Find(void* library, const char* name, Function*& function, std::string& missing) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
  if (function == nullptr) missing = name;
  return function != nullptr;
}

}  // namespace

absl::StatusOr<SherpaOnnxApi> SherpaOnnxApi::Load(const std::string& library) {
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const why = dlerror();
    return Unusable(library, why == nullptr ? "it can't be loaded" : why);
  }
  SherpaOnnxApi api{};
  std::string missing;
  const bool complete = Find(handle, "SherpaOnnxGetVersionStr", api.version, missing) &&
                        Find(handle, "SherpaOnnxCreateOnlineRecognizer", api.create_recognizer, missing) &&
                        Find(handle, "SherpaOnnxDestroyOnlineRecognizer", api.destroy_recognizer, missing) &&
                        Find(handle, "SherpaOnnxCreateOnlineStream", api.create_stream, missing) &&
                        Find(handle, "SherpaOnnxDestroyOnlineStream", api.destroy_stream, missing) &&
                        Find(handle, "SherpaOnnxOnlineStreamAcceptWaveform", api.accept_waveform, missing) &&
                        Find(handle, "SherpaOnnxIsOnlineStreamReady", api.is_ready, missing) &&
                        Find(handle, "SherpaOnnxDecodeOnlineStream", api.decode, missing) &&
                        Find(handle, "SherpaOnnxGetOnlineStreamResult", api.get_result, missing) &&
                        Find(handle, "SherpaOnnxDestroyOnlineRecognizerResult", api.destroy_result, missing) &&
                        Find(handle, "SherpaOnnxOnlineStreamInputFinished", api.input_finished, missing);
  if (!complete) return Unusable(library, absl::StrCat("it has no ", missing));
  const std::string version = api.version();
  if (!std::string_view(version).starts_with(sherpa::kVersion)) {
    return Unusable(
        library, absl::StrCat("it is of version ", version, ", and this program knows ", sherpa::kVersion, "x alone"));
  }
  return api;
}

}  // namespace tutti::speech
