#include <signal.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/config/config.h"
#include "common/listen/listen.h"
#include "common/log/log.h"
#include "common/s3/bucket_config.h"
#include "common/status/status.h"
#include "common/tls/tls.h"
#include "control/http_client/address_guard.h"
#include "control/http_client/curl_http_client.h"
#include "control/server/control_server.h"
#include "control/server/open_store.h"

namespace {

// The one media node of the configuration, in the store's rows.
constexpr char kMediaNodeId[] = "media-1";

// Retentions, deadlines, intervals and attempts.
absl::Status ReadTimes(const tutti::config::v1::Control& control, tutti::control::ControlServer::Options& options) {
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
absl::Status ReadHttp(const tutti::config::v1::Control& control, tutti::control::CurlHttpClient::Options& http) {
  auto guard =
      tutti::control::AddressGuard::Make({control.http_allow_private().begin(), control.http_allow_private().end()});
  if (!guard.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("control.http_allow_private: ", guard.status().message()));
  }
  http.guard = *std::move(guard);
  http.ca = control.http_ca();
  if (http.ca.empty() || std::ifstream(http.ca).good()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("control.http_ca: can't read ", http.ca));
}

absl::Status Run(tutti::config::v1::Config config, const sigset_t& end_signals) {
  TUTTI_RETURN_IF_ERROR(tutti::CheckListenAddress(config.control().grpc_listen(), tutti::Listener::kApi, config));
  TUTTI_RETURN_IF_ERROR(
      tutti::CheckListenAddress(config.control().metrics_listen(), tutti::Listener::kMetrics, config));
  tutti::SystemClock clock;
  tutti::control::ControlServer::Options options;
  options.grpc_listen = config.control().grpc_listen();
  options.metrics_listen = config.control().metrics_listen();
  options.data_dir = config.data_dir();
  options.postgres_url = config.control().postgres_url();
  TUTTI_ASSIGN_OR_RETURN(options.authenticator, tutti::control::Authenticator::Make(config));
  // Not needed any more, so not kept.
  config.clear_api_key();
  TUTTI_ASSIGN_OR_RETURN(options.tls, tutti::LoadTls(config));
  options.core.recordings_uploaded = config.has_object_store();
  if (config.has_object_store()) options.object_store = tutti::s3::MakeBucketOptions(config.object_store());
  options.media_nodes = {{kMediaNodeId, config.mediaplane().grpc_listen()}};
  options.speech_address =
      config.control().speech_address().empty() ? config.speech().grpc_listen() : config.control().speech_address();
  TUTTI_RETURN_IF_ERROR(ReadTimes(config.control(), options));
  TUTTI_RETURN_IF_ERROR(ReadHttp(config.control(), options.http));
  options.sounds.folder = config.control().sounds_dir().empty() ? absl::StrCat(config.data_dir(), "/sounds")
                                                                : config.control().sounds_dir();
  options.sounds.hold_sound = config.control().hold_sound();
  TUTTI_ASSIGN_OR_RETURN(const auto server, tutti::control::ControlServer::Start(options, clock));
  tutti::log::Info("listening", {{"grpc", config.control().grpc_listen()},
                                 {"metrics", config.control().metrics_listen()},
                                 {"store", tutti::control::DescribeStore(options.data_dir, options.postgres_url)}});
  int signal = 0;
  sigwait(&end_signals, &signal);
  tutti::log::Info("ending", {{"signal", signal}});
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  // Before the first thread: all threads leave these to sigwait.
  sigset_t end_signals;
  sigemptyset(&end_signals);
  sigaddset(&end_signals, SIGTERM);
  sigaddset(&end_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &end_signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  const tutti::config::v1::Config config = tutti::ReadConfigOrExit(argc, argv);
  tutti::log::Init("control", config.log_format() == tutti::config::v1::Config::JSON ? tutti::log::Format::kJson
                                                                                     : tutti::log::Format::kText);
  const absl::Status status = Run(config, end_signals);
  if (status.ok()) return 0;
  std::fprintf(stderr, "control: %s\n", std::string(status.message()).c_str());
  return 1;
}
