#include "mediaplane/server/options.h"

#include <sched.h>

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/listen/listen.h"
#include "common/s3/bucket_config.h"
#include "common/status/status.h"
#include "google/protobuf/text_format.h"
#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

constexpr uint32_t kWorkersMax = 64;
constexpr uint32_t kLegsMaxMax = 200'000;
constexpr uint32_t kAudioStreamsMaxMax = 10'000;
constexpr uint32_t kPortFirstMin = 1024;
constexpr uint32_t kRecordingsMaxMax = 100'000;
constexpr size_t kAddressesMax = 16;
constexpr uint32_t kDrainSecondsMax = 24 * 3600;
constexpr uint32_t kVlanMax = 4094;
constexpr char kDefaultAddress[] = "127.0.0.1";

absl::Status Refuse(const std::string& setting, const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_CONFIG",
               absl::StrCat("mediaplane.", setting, " ", message));
}

absl::Status CheckRange(const char* setting, uint32_t value, uint32_t min, uint32_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return Refuse(setting, absl::StrCat("is ", value, " and must be ", min, " to ", max));
}

// "198.18.0.1/24"
absl::StatusOr<LocalPrefix> ParsePrefix(const std::string& text) {
  const size_t slash = text.find('/');
  const auto ip = ParseSocketAddress(std::string_view(text).substr(0, slash), 0);
  uint32_t bits = 0;
  if (slash == std::string::npos || !ip || !IsIpv4(*ip) || IsUnspecified(*ip) ||
      !absl::SimpleAtoi(text.substr(slash + 1), &bits) || bits > 32) {
    return Refuse("ethdev_address", absl::StrCat("\"", text, "\" is not of the form 198.18.0.1/24"));
  }
  return LocalPrefix{*ip, bits};
}

absl::Status TakeEthdev(const config::v1::Mediaplane& config, ServerOptions& options) {
  ServerOptions::Ethdev ethdev;
  for (const std::string& text : config.ethdev_address()) {
    TUTTI_ASSIGN_OR_RETURN(const LocalPrefix prefix, ParsePrefix(text));
    ethdev.addresses.push_back(prefix);
    options.addresses.push_back(prefix.ip);
  }
  if (config.has_ethdev_gateway()) {
    ethdev.gateway = ParseSocketAddress(config.ethdev_gateway(), 0);
    if (!ethdev.gateway || !IsIpv4(*ethdev.gateway)) {
      return Refuse("ethdev_gateway", absl::StrCat("\"", config.ethdev_gateway(), "\" is no IPv4 address"));
    }
  }
  TUTTI_RETURN_IF_ERROR(CheckRange("ethdev_vlan", config.ethdev_vlan(), 0, kVlanMax));
  ethdev.device = config.ethdev_device();
  ethdev.vdev = config.ethdev_vdev();
  ethdev.vlan = static_cast<uint16_t>(config.ethdev_vlan());
  ethdev.pci = config.ethdev_pci();
  ethdev.hugepages = config.ethdev_hugepages();
  options.ethdev = std::move(ethdev);
  return absl::OkStatus();
}

absl::Status TakeAddresses(const config::v1::Mediaplane& config, ServerOptions& options) {
  if (!config.ethdev_address().empty()) {
    if (config.rtp_address().empty()) return TakeEthdev(config, options);
    return Refuse("rtp_address", "is of kernel UDP and does not go with mediaplane.ethdev_address");
  }
  if (config.has_ethdev_vdev() || config.has_ethdev_device()) {
    return Refuse("ethdev_address", "is missing: the device has no address");
  }
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
  TUTTI_RETURN_IF_ERROR(CheckListenAddress(config.grpc_listen(), Listener::kInternal, all));
  TUTTI_RETURN_IF_ERROR(CheckListenAddress(config.metrics_listen(), Listener::kMetrics, all));
  TUTTI_RETURN_IF_ERROR(CheckRange("rtp_port_first", config.rtp_port_first(), kPortFirstMin, UINT16_MAX));
  TUTTI_RETURN_IF_ERROR(CheckRange("rtp_port_last", config.rtp_port_last(), config.rtp_port_first(), UINT16_MAX));
  TUTTI_RETURN_IF_ERROR(CheckRange("legs_max", config.legs_max(), 1, kLegsMaxMax));
  TUTTI_RETURN_IF_ERROR(CheckRange("audio_streams_max", config.audio_streams_max(), 0, kAudioStreamsMaxMax));
  TUTTI_RETURN_IF_ERROR(CheckRange("workers", config.workers(), 1, kWorkersMax));
  TUTTI_RETURN_IF_ERROR(CheckRange("recordings_max", config.recordings_max(), 0, kRecordingsMaxMax));
  TUTTI_RETURN_IF_ERROR(CheckRange("drain_timeout_seconds", config.drain_timeout_seconds(), 0, kDrainSecondsMax));

  ServerOptions options;
  options.grpc_listen = config.grpc_listen();
  options.metrics_listen = config.metrics_listen();
  TUTTI_ASSIGN_OR_RETURN(options.tls, LoadTls(all));
  options.speech_address = config.speech_address().empty() ? all.speech().grpc_listen() : config.speech_address();
  options.port_first = static_cast<uint16_t>(config.rtp_port_first());
  options.port_last = static_cast<uint16_t>(config.rtp_port_last());
  options.legs_max = config.legs_max();
  options.audio_streams_max = config.audio_streams_max();
  options.workers = config.workers();
  options.drain_timeout = absl::Seconds(config.drain_timeout_seconds());
  options.recordings_dir =
      config.recordings_dir().empty() ? absl::StrCat(all.data_dir(), "/recordings") : config.recordings_dir();
  options.recordings_max = config.recordings_max();
  if (all.has_object_store()) {
    SystemClock clock;
    TUTTI_RETURN_IF_ERROR(s3::Bucket::Make(s3::MakeBucketOptions(all.object_store()), clock).status());
    google::protobuf::TextFormat::PrintToString(all.object_store(), &options.object_store);
  }
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
