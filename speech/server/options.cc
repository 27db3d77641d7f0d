#include "speech/server/options.h"

#include <algorithm>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/language/language.h"
#include "common/listen/listen.h"
#include "common/status/status.h"
#include "speech/recognizer/pocketsphinx_decoder.h"

namespace tutti::speech {
namespace {

constexpr uint32_t kDecodersMax = 64;
constexpr uint32_t kStreamsMax = 10'000;

absl::Status Refuse(const std::string& setting, const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_CONFIG", absl::StrCat("speech.", setting, " ", message));
}

absl::Status CheckProvider(const config::v1::SpeechProvider& provider, std::set<std::string>& names) {
  if (provider.name().empty()) return Refuse("provider", "needs a name");
  const std::string which = absl::StrCat("provider \"", provider.name(), "\"");
  if (!names.insert(provider.name()).second) return Refuse(which, "has a name that is taken");
  if (provider.language().empty()) return Refuse(which, "needs a language");
  for (const std::string& language : provider.language()) {
    if (!IsLanguageTag(language)) {
      return Refuse(which, absl::StrCat("has the language \"", language, "\", which is no BCP 47 tag"));
    }
  }
  const bool library = provider.has_sherpa_onnx_library();
  if (library != provider.has_sherpa_onnx_model_dir() || provider.has_address() == library) {
    return Refuse(which, "needs an address, or else sherpa_onnx_library and sherpa_onnx_model_dir");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServerOptions> MakeServerOptions(const config::v1::Config& config) {
  const config::v1::Speech& speech = config.speech();
  TUTTI_RETURN_IF_ERROR(CheckListenAddress(speech.grpc_listen(), Listener::kInternal, config));
  TUTTI_RETURN_IF_ERROR(CheckListenAddress(speech.metrics_listen(), Listener::kMetrics, config));
  if (speech.decoders_max() > kDecodersMax) {
    return Refuse("decoders_max", absl::StrCat("is ", speech.decoders_max(), " and must be 0 to ", kDecodersMax));
  }
  if (speech.streams_max() < 1 || speech.streams_max() > kStreamsMax) {
    return Refuse("streams_max", absl::StrCat("is ", speech.streams_max(), " and must be 1 to ", kStreamsMax));
  }
  ServerOptions options;
  options.grpc_listen = speech.grpc_listen();
  options.metrics_listen = speech.metrics_listen();
  options.decoders_max = speech.decoders_max() > 0
                             ? static_cast<int>(speech.decoders_max())
                             : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  options.streams_max = static_cast<int>(speech.streams_max());
  std::set<std::string> names = {kPocketsphinxName};
  for (const config::v1::SpeechProvider& provider : speech.provider()) {
    TUTTI_RETURN_IF_ERROR(CheckProvider(provider, names));
    options.providers.push_back(provider);
  }
  options.espeak = speech.espeak();
  options.pocketsphinx_model = kPocketsphinxModel;
  TUTTI_ASSIGN_OR_RETURN(options.tls, LoadTls(config));
  return options;
}

}  // namespace tutti::speech
