#include "mediaplane/server/options.h"

#include <sched.h>

#include "absl/strings/str_cat.h"
#include "common/listen/listen.h"
#include "common/status/status.h"
#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

constexpr uint32_t kWorkersMax = 64;
constexpr uint32_t kLegsMaxMax = 200'000;
constexpr uint32_t kPortFirstMin = 1024;
constexpr size_t kAddressesMax = 16;
constexpr uint32_t kDrainSecondsMax = 24 * 3600;
constexpr char kDefaultAddress[] = "127.0.0.1";

absl::Status Refuse(const std::string& setting, const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_CONFIG",
               absl::StrCat("mediaplane.", setting, " ", message));
}

absl::Status CheckRange(const char* setting, uint32_t value, uint32_t min, uint32_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return Refuse(setting, absl::StrCat("is ", value, " and must be ", min, " to ", max));
}

absl::Status TakeAddresses(const config::v1::Mediaplane& config, ServerOptions& options) {
  std::vector<std::string> texts(config.rtp_address().begin(), config.rtp_address().end());
  if (texts.empty()) texts.push_back(kDefaultAddress);
  if (texts.size() > kAddressesMax) {
    return Refuse("rtp_address", absl::StrCat("has ", texts.size(), " addresses; ", kAddressesMax, " is the most"));
  }
  for (const std::string& text : texts) {
    const auto address = ParseSocketAddress(text, 0);
    if (!address || IsUnspecified(*address)) {
      return Refuse("rtp_address", absl::StrCat("\"", text, "\" is no address of this host"));
    }
    options.addresses.push_back(*address);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServerOptions> MakeServerOptions(const config::v1::Config& all) {
  const config::v1::Mediaplane& config = all.mediaplane();
  TUTTI_RETURN_IF_ERROR(CheckListenAddress(config.grpc_listen(), all.insecure_listen()));
  TUTTI_RETURN_IF_ERROR(CheckListenAddress(config.metrics_listen(), all.insecure_listen()));
  TUTTI_RETURN_IF_ERROR(CheckRange("rtp_port_first", config.rtp_port_first(), kPortFirstMin, UINT16_MAX));
  TUTTI_RETURN_IF_ERROR(CheckRange("rtp_port_last", config.rtp_port_last(), config.rtp_port_first(), UINT16_MAX));
  TUTTI_RETURN_IF_ERROR(CheckRange("legs_max", config.legs_max(), 1, kLegsMaxMax));
  TUTTI_RETURN_IF_ERROR(CheckRange("workers", config.workers(), 1, kWorkersMax));
  TUTTI_RETURN_IF_ERROR(CheckRange("drain_timeout_seconds", config.drain_timeout_seconds(), 0, kDrainSecondsMax));

  ServerOptions options;
  options.grpc_listen = config.grpc_listen();
  options.metrics_listen = config.metrics_listen();
  options.port_first = static_cast<uint16_t>(config.rtp_port_first());
  options.port_last = static_cast<uint16_t>(config.rtp_port_last());
  options.legs_max = config.legs_max();
  options.workers = config.workers();
  options.drain_timeout = absl::Seconds(config.drain_timeout_seconds());
  TUTTI_RETURN_IF_ERROR(TakeAddresses(config, options));
  if (!config.rtp_peer_allow().empty()) {
    const std::vector<std::string> networks(config.rtp_peer_allow().begin(), config.rtp_peer_allow().end());
    auto allow = PeerAllowList::Parse(networks);
    if (!allow.ok()) return Refuse("rtp_peer_allow:", std::string(allow.status().message()));
    options.rtp_peer_allow = *std::move(allow);
  }
  if (!config.worker_cpus().empty() && config.worker_cpus_size() != static_cast<int>(options.workers)) {
    return Refuse("worker_cpus",
                  absl::StrCat("has ", config.worker_cpus_size(), " CPUs for ", options.workers, " workers"));
  }
  for (const uint32_t cpu : config.worker_cpus()) {
    TUTTI_RETURN_IF_ERROR(CheckRange("worker_cpus", cpu, 0, CPU_SETSIZE - 1));
    options.worker_cpus.push_back(static_cast<int>(cpu));
  }
  options.worker_cpus.resize(options.workers, -1);
  return options;
}

}  // namespace tutti::mediaplane
