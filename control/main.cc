#include <signal.h>

#include <cstdio>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/config/config.h"
#include "common/listen/listen.h"
#include "common/log/log.h"
#include "common/status/status.h"
#include "control/server/control_server.h"

namespace {

// The one media node of the configuration, in the store's rows.
constexpr char kMediaNodeId[] = "media-1";

absl::Status Run(const tutti::config::v1::Config& config, const sigset_t& end_signals) {
  TUTTI_RETURN_IF_ERROR(tutti::CheckListenAddress(config.control().grpc_listen(), config.insecure_listen()));
  TUTTI_RETURN_IF_ERROR(tutti::CheckListenAddress(config.control().metrics_listen(), config.insecure_listen()));
  tutti::SystemClock clock;
  tutti::control::ControlServer::Options options;
  options.grpc_listen = config.control().grpc_listen();
  options.metrics_listen = config.control().metrics_listen();
  options.data_dir = config.data_dir();
  options.media_nodes = {{kMediaNodeId, config.mediaplane().grpc_listen()}};
  const auto& control = config.control();
  const std::tuple<const char*, int, absl::Duration*> retentions[] = {
      {"row", control.row_retention_hours(), &options.core.row_retention},
      {"event", control.event_retention_hours(), &options.core.event_retention},
      {"idempotency", control.idempotency_retention_hours(), &options.core.idempotency_retention}};
  for (const auto& [name, hours, retention] : retentions) {
    if (hours < 1) {
      return absl::InvalidArgumentError(absl::StrCat("control.", name, "_retention_hours must be 1 or more"));
    }
    *retention = absl::Hours(hours);
  }
  TUTTI_ASSIGN_OR_RETURN(const auto server, tutti::control::ControlServer::Start(options, clock));
  tutti::log::Info("listening", {{"grpc", config.control().grpc_listen()},
                                 {"metrics", config.control().metrics_listen()},
                                 {"data_dir", config.data_dir()}});
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
