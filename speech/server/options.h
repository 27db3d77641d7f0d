#ifndef SPEECH_SERVER_OPTIONS_H_
#define SPEECH_SERVER_OPTIONS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/tls/tls.h"
#include "tutti/config/v1/config.pb.h"

namespace tutti::speech {

// A speech server's settings, checked.
struct ServerOptions {
  std::string grpc_listen;
  std::string metrics_listen;
  int decoders_max = 1;
  int streams_max = 1;
  // Each has a name of its own, its languages, and either an address or a library
  // with a model.
  std::vector<config::v1::SpeechProvider> providers;
  // Empty: none.
  std::string espeak;
  // Where pocketsphinx's model lies.
  std::string pocketsphinx_model;
  std::shared_ptr<const Tls> tls;
};

// INVALID_CONFIG with one sentence that names the setting.
absl::StatusOr<ServerOptions> MakeServerOptions(const config::v1::Config& config);

}  // namespace tutti::speech

#endif  // SPEECH_SERVER_OPTIONS_H_
