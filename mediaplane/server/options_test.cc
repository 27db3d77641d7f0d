#include "mediaplane/server/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/protobuf/text_format.h"
#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::StatusOr<ServerOptions> Make(const std::string& mediaplane) {
  config::v1::Config config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("mediaplane {" + mediaplane + "}", &config)) << mediaplane;
  return MakeServerOptions(config);
}

TEST(ServerOptions, DefaultsAreOnLoopback) {
  const auto options = Make("");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->grpc_listen, "127.0.0.1:50052");
  ASSERT_EQ(options->addresses.size(), 1u);
  EXPECT_EQ(FormatIp(options->addresses[0]), "127.0.0.1");
  EXPECT_EQ(options->port_first, 10000);
  EXPECT_EQ(options->port_last, 29999);
  EXPECT_EQ(options->legs_max, 4000u);
  EXPECT_EQ(options->recordings_max, 1000u);
  EXPECT_THAT(options->recordings_dir, testing::EndsWith("/recordings"));
  EXPECT_EQ(options->rtp_peer_allow.ToString(), "127.0.0.0/8, ::1/128");
  EXPECT_THAT(options->worker_cpus, ElementsAre(-1));
}

TEST(ServerOptions, TakesWhatIsSaid) {
  const auto options = Make(
      "rtp_address: '198.18.0.1' rtp_address: '::1' rtp_peer_allow: '198.18.0.0/15' workers: 2 worker_cpus: 0 "
      "worker_cpus: 3 drain_timeout_seconds: 5 legs_max: 10 rtp_port_first: 20000 rtp_port_last: 20010");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->addresses.size(), 2u);
  EXPECT_EQ(options->rtp_peer_allow.ToString(), "198.18.0.0/15");
  EXPECT_THAT(options->worker_cpus, ElementsAre(0, 3));
  EXPECT_EQ(options->drain_timeout, absl::Seconds(5));
  EXPECT_EQ(options->port_last, 20010);
}

TEST(ServerOptions, ADeviceTakesTheKernelsPlace) {
  const auto options = Make(
      "ethdev_address: '198.18.0.1/24' ethdev_vdev: 'net_af_packet0,iface=media0' ethdev_gateway: '198.18.0.254' "
      "ethdev_vlan: 7");
  ASSERT_TRUE(options.ok()) << options.status();
  ASSERT_TRUE(options->ethdev.has_value());
  EXPECT_EQ(FormatIp(options->addresses.at(0)), "198.18.0.1");
  EXPECT_EQ(options->ethdev->addresses.at(0).prefix_bits, 24u);
  EXPECT_EQ(options->ethdev->vdev, "net_af_packet0,iface=media0");
  EXPECT_EQ(FormatIp(options->ethdev->gateway.value()), "198.18.0.254");
  EXPECT_EQ(options->ethdev->vlan, 7);
  EXPECT_FALSE(Make("")->ethdev.has_value());
}

TEST(ServerOptions, RefusesWithASentenceThatNamesTheSetting) {
  const std::pair<const char*, const char*> cases[] = {
      {"grpc_listen: '0.0.0.0:1'", "0.0.0.0:1"},
      {"metrics_listen: 'x'", "'x'"},
      {"rtp_port_first: 80", "mediaplane.rtp_port_first is 80 and must be 1024 to 65535"},
      {"rtp_port_first: 20000 rtp_port_last: 19999", "mediaplane.rtp_port_last"},
      {"legs_max: 0", "mediaplane.legs_max"},
      {"legs_max: 200001", "mediaplane.legs_max"},
      {"workers: 0", "mediaplane.workers"},
      {"workers: 65", "mediaplane.workers"},
      {"recordings_max: 100001", "mediaplane.recordings_max"},
      {"workers: 2 worker_cpus: 1", "mediaplane.worker_cpus has 1 CPUs for 2 workers"},
      {"rtp_address: 'host'", "\"host\" is no address"},
      {"rtp_address: '0.0.0.0'", "\"0.0.0.0\" is no address"},
      {"ethdev_address: '198.18.0.1'", "198.18.0.1"},
      {"ethdev_address: '::1/128'", "::1/128"},
      {"ethdev_address: '198.18.0.1/24' ethdev_gateway: 'x'", "mediaplane.ethdev_gateway"},
      {"ethdev_address: '198.18.0.1/24' ethdev_vlan: 4095", "mediaplane.ethdev_vlan"},
      {"ethdev_address: '198.18.0.1/24' rtp_address: '127.0.0.1'", "mediaplane.rtp_address"},
      {"ethdev_vdev: 'net_null0'", "mediaplane.ethdev_address is missing"},
      {"rtp_peer_allow: '10.0.0.0/40'", "10.0.0.0/40"},
  };
  for (const auto& [text, message] : cases) {
    const auto options = Make(text);
    ASSERT_FALSE(options.ok()) << text;
    EXPECT_THAT(std::string(options.status().message()), HasSubstr(message));
  }
}

}  // namespace
}  // namespace tutti::mediaplane
