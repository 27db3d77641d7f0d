#include <utility>

#include "absl/status/status.h"
#include "common/clock/clock.h"
#include "common/log/log.h"
#include "common/process/process_main.h"
#include "common/status/status.h"
#include "control/server/control_server.h"
#include "control/server/open_store.h"
#include "control/server/options.h"

namespace {

absl::Status Run(tutti::config::v1::Config config, const tutti::EndSignal& end) {
  TUTTI_ASSIGN_OR_RETURN(const auto options, tutti::control::MakeServerOptions(config));
  // Not needed any more, so not kept.
  config.clear_api_key();
  tutti::SystemClock clock;
  TUTTI_ASSIGN_OR_RETURN(const auto server, tutti::control::ControlServer::Start(options, clock));
  tutti::log::Info("listening", {{"grpc", options.grpc_listen},
                                 {"metrics", options.metrics_listen},
                                 {"store", tutti::control::DescribeStore(options.data_dir, options.postgres_url)}});
  end.Wait("ending");
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) { return tutti::ProcessMain("control", argc, argv, Run); }
