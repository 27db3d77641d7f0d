#include <signal.h>

#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/config/config.h"
#include "common/log/log.h"
#include "common/status/status.h"
#include "mediaplane/port/address.h"
#include "mediaplane/server/media_plane_server.h"
#include "mediaplane/server/options.h"

namespace {

absl::Status Run(const tutti::config::v1::Config& config, const sigset_t& end_signals) {
  TUTTI_ASSIGN_OR_RETURN(const auto options, tutti::mediaplane::MakeServerOptions(config));
  tutti::SystemClock clock;
  TUTTI_ASSIGN_OR_RETURN(const auto server, tutti::mediaplane::MediaPlaneServer::Start(options, clock));
  const std::string rtp = absl::StrCat(tutti::mediaplane::FormatIp(options.addresses[0]), ":", options.port_first, "-",
                                       options.port_last, "/udp");
  tutti::log::Info("listening", {{"grpc", options.grpc_listen},
                                 {"metrics", options.metrics_listen},
                                 {"rtp", rtp},
                                 {"recordings", options.recordings_dir}});
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
  const bool json = config.log_format() == tutti::config::v1::Config::JSON;
  tutti::log::Init("mediaplane", json ? tutti::log::Format::kJson : tutti::log::Format::kText);
  const absl::Status status = Run(config, end_signals);
  if (status.ok()) return 0;
  std::fprintf(stderr, "mediaplane: %s\n", std::string(status.message()).c_str());
  return 1;
}
