#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/log/log.h"
#include "common/process/process_main.h"
#include "common/status/status.h"
#include "mediaplane/port/address.h"
#include "mediaplane/server/media_plane_server.h"
#include "mediaplane/server/options.h"

namespace {

absl::Status Run(const tutti::config::v1::Config& config, const tutti::EndSignal& end) {
  TUTTI_ASSIGN_OR_RETURN(const auto options, tutti::mediaplane::MakeServerOptions(config));
  tutti::SystemClock clock;
  TUTTI_ASSIGN_OR_RETURN(const auto server, tutti::mediaplane::MediaPlaneServer::Start(options, clock));
  const std::string rtp = absl::StrCat(tutti::mediaplane::FormatIp(options.addresses[0]), ":", options.port_first, "-",
                                       options.port_last, "/udp");
  tutti::log::Info("listening", {{"grpc", options.grpc_listen},
                                 {"metrics", options.metrics_listen},
                                 {"rtp", rtp},
                                 {"recordings", options.recordings_dir}});
  end.Wait("ending");
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) { return tutti::ProcessMain("mediaplane", argc, argv, Run); }
