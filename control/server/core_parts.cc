#include "control/server/core_parts.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "control/server/open_store.h"
#include "control/service/call_service.h"
#include "control/speech/grpc_speech_client.h"

namespace tutti::control {
namespace {

// SQLite's file is locked, which proves that a replica before this one is dead: so
// all are one owner.
constexpr char kSqliteOwner[] = "control";

std::unique_ptr<CurlHttpClient> MakeHttpClient(const ServerOptions& options) {
  CurlHttpClient::Options http = options.http;
  http.monotonic = options.monotonic;
  return std::make_unique<CurlHttpClient>(std::move(http));
}

}  // namespace

absl::StatusOr<std::unique_ptr<CoreParts>> CoreParts::Open(const ServerOptions& options, Clock& clock,
                                                           NodePicker& nodes, EffectSink& sink, Hooks hooks) {
  std::unique_ptr<CoreParts> parts(new CoreParts(options, clock));
  TUTTI_RETURN_IF_ERROR(parts->OpenStore(options, clock, std::move(hooks)));
  TUTTI_RETURN_IF_ERROR(parts->MakeSounds(options));
  parts->core_ = std::make_unique<Core>(*parts->store_, clock, parts->ids_, nodes, sink, WriteSdpAnswer,
                                        parts->WithOthers(options.core));
  TUTTI_RETURN_IF_ERROR(parts->core_->Start());
  return parts;
}

CoreParts::CoreParts(const ServerOptions& options, Clock& clock)
    : ids_(clock),
      process_id_(ids_.Next()),
      owner_(options.postgres_url.empty() ? kSqliteOwner : process_id_),
      http_(MakeHttpClient(options)),
      speech_(std::make_unique<GrpcSpeechClient>(options.speech_address, options.monotonic, options.tls)) {}

absl::Status CoreParts::OpenStore(const ServerOptions& options, Clock& clock, Hooks hooks) {
  StoreSettings settings;
  settings.data_dir = options.data_dir;
  settings.postgres_url = options.postgres_url;
  settings.monotonic = options.monotonic;
  settings.jitter_seed = static_cast<uint32_t>(std::hash<std::string>()(process_id_));
  settings.on_commit = std::move(hooks.on_commit);
  settings.on_remote_commit = std::move(hooks.on_remote_commit);
  TUTTI_ASSIGN_OR_RETURN(store_, control::OpenStore(settings, clock));
  return absl::OkStatus();
}

absl::Status CoreParts::MakeSounds(const ServerOptions& options) {
  const auto read_upload = [this](const std::string& customer_id, const std::string& sound_id) {
    return core_->uploaded_sounds().ReadFile(Principal{customer_id}, sound_id);
  };
  TUTTI_ASSIGN_OR_RETURN(sounds_, Sounds::Make(options.sounds, *http_, read_upload, *speech_, options.monotonic));
  return absl::OkStatus();
}

CoreOptions CoreParts::WithOthers(CoreOptions options) {
  options.hold_sound = sounds_->hold_sound();
  options.check_url = [this](const std::string& url) { return http_->CheckUrl(url); };
  options.list_recognizers = [this](CoreOptions::RecognizersDone done) {
    speech_->ListCapabilities([done = std::move(done)](
                                  const absl::StatusOr<speech::v1::ListCapabilitiesResponse>& capabilities) {
      if (!capabilities.ok()) return done(capabilities.status());
      std::vector<SpeechRecognizer> recognizers;
      for (const speech::v1::Recognizer& recognizer : capabilities->recognizers()) {
        recognizers.push_back({recognizer.provider(), {recognizer.languages().begin(), recognizer.languages().end()}});
      }
      done(std::move(recognizers));
    });
  };
  return options;
}

void CoreParts::StopRequests() {
  sounds_->Stop();
  speech_.reset();
  http_->Stop();
}

}  // namespace tutti::control
