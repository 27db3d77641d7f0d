#include "control/server/options.h"

#include <fstream>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/listen/listen.h"
#include "common/s3/bucket_config.h"
#include "common/status/status.h"
#include "control/http_client/address_guard.h"

namespace tutti::control {
namespace {

// The one media node of the configuration, in the store's rows.
constexpr char kMediaNodeId[] = "media-1";

// Retentions, deadlines, intervals and attempts.
absl::Status ReadTimes(const config::v1::Control& control, ServerOptions& options) {
  const std::tuple<const char*, int, absl::Duration, absl::Duration*> times[] = {
      {"row_retention_hours", control.row_retention_hours(), absl::Hours(1), &options.core.row_retention},
      {"recording_retention_hours", control.recording_retention_hours(), absl::Hours(1),
       &options.core.recording_retention},
      {"event_retention_hours", control.event_retention_hours(), absl::Hours(1), &options.core.event_retention},
      {"idempotency_retention_hours", control.idempotency_retention_hours(), absl::Hours(1),
       &options.core.idempotency_retention},
      {"joining_timeout_ms", control.joining_timeout_ms(), absl::Milliseconds(1), &options.core.joining_timeout},
      {"leaving_timeout_ms", control.leaving_timeout_ms(), absl::Milliseconds(1), &options.core.leaving_timeout},
      {"age_max_ms", control.age_max_ms(), absl::Milliseconds(1), &options.core.age_max},
      {"stray_age_ms", control.stray_age_ms(), absl::Milliseconds(1), &options.core.stray_age_min},
      {"health_interval_ms", control.health_interval_ms(), absl::Milliseconds(1), &options.scheduler.health_interval},
      {"reconcile_interval_ms", control.reconcile_interval_ms(), absl::Milliseconds(1),
       &options.watcher.reconcile_interval},
      {"webhook_backoff_ms", control.webhook_backoff_ms(), absl::Milliseconds(1), &options.webhooks.backoff_min},
      {"media_node_lost_ms", control.media_node_lost_ms(), absl::Milliseconds(1), &options.watcher.lost_after}};
  for (const auto& [name, value, unit, time] : times) {
    if (value < 1) return absl::InvalidArgumentError(absl::StrCat("control.", name, " must be 1 or more"));
    *time = value * unit;
  }
  options.webhooks.attempts_max = control.webhook_attempts_max();
  if (options.webhooks.attempts_max >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError("control.webhook_attempts_max must be 1 or more");
}

// What may be called for others.
absl::Status ReadHttp(const config::v1::Control& control, CurlHttpClient::Options& http) {
  auto guard = AddressGuard::Make({control.http_allow_private().begin(), control.http_allow_private().end()});
  if (!guard.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("control.http_allow_private: ", guard.status().message()));
  }
  http.guard = *std::move(guard);
  http.ca = control.http_ca();
  if (http.ca.empty() || std::ifstream(http.ca).good()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("control.http_ca: can't read ", http.ca));
}

}  // namespace

absl::StatusOr<ServerOptions> MakeServerOptions(const config::v1::Config& config) {
  const config::v1::Control& control = config.control();
  TUTTI_RETURN_IF_ERROR(CheckListenAddress(control.grpc_listen(), Listener::kApi, config));
  TUTTI_RETURN_IF_ERROR(CheckListenAddress(control.metrics_listen(), Listener::kMetrics, config));
  ServerOptions options;
  options.grpc_listen = control.grpc_listen();
  options.metrics_listen = control.metrics_listen();
  options.data_dir = config.data_dir();
  options.postgres_url = control.postgres_url();
  TUTTI_ASSIGN_OR_RETURN(options.authenticator, Authenticator::Make(config));
  TUTTI_ASSIGN_OR_RETURN(options.tls, LoadTls(config));
  options.core.recordings_uploaded = config.has_object_store();
  if (config.has_object_store()) options.object_store = s3::MakeBucketOptions(config.object_store());
  options.media_nodes = {{kMediaNodeId, config.mediaplane().grpc_listen()}};
  options.speech_address = control.speech_address().empty() ? config.speech().grpc_listen() : control.speech_address();
  TUTTI_RETURN_IF_ERROR(ReadTimes(control, options));
  TUTTI_RETURN_IF_ERROR(ReadHttp(control, options.http));
  options.sounds.folder =
      control.sounds_dir().empty() ? absl::StrCat(config.data_dir(), "/sounds") : control.sounds_dir();
  options.sounds.hold_sound = control.hold_sound();
  return options;
}

}  // namespace tutti::control
