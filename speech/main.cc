#include "absl/status/status.h"
#include "common/clock/clock.h"
#include "common/log/log.h"
#include "common/process/process_main.h"
#include "common/status/status.h"
#include "speech/server/options.h"
#include "speech/server/speech_server.h"

namespace {

absl::Status Run(const tutti::config::v1::Config& config, const tutti::EndSignal& end) {
  TUTTI_ASSIGN_OR_RETURN(const auto options, tutti::speech::MakeServerOptions(config));
  tutti::SystemClock clock;
  TUTTI_ASSIGN_OR_RETURN(const auto server, tutti::speech::SpeechServer::Start(options, clock));
  tutti::log::Info("listening", {{"grpc", options.grpc_listen}, {"metrics", options.metrics_listen}});
  end.Wait("ending");
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) { return tutti::ProcessMain("speech", argc, argv, Run); }
