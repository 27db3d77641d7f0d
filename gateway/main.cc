#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/log/log.h"
#include "common/process/process_main.h"
#include "common/status/status.h"
#include "gateway/server/gateway_server.h"

namespace {

absl::Status Run(const tutti::config::v1::Config& config, const tutti::EndSignal& end) {
  tutti::SystemClock clock;
  TUTTI_ASSIGN_OR_RETURN(const auto server, tutti::gateway::GatewayServer::Start(config, clock));
  tutti::log::Info("listening", {{"http", config.gateway().http_listen()},
                                 {"scheme", config.has_tls() ? "https" : "http"},
                                 {"grpc", config.gateway().grpc_listen()},
                                 {"metrics", config.gateway().metrics_listen()}});
  end.Wait("draining");
  const bool drained = server->Drain(absl::Seconds(config.gateway().drain_timeout_seconds()));
  tutti::log::Info("ending", {{"drained", drained ? "yes" : "no"}});
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) { return tutti::ProcessMain("gateway", argc, argv, Run); }
