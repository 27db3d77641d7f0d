// The whole process as an operator starts it, with callers that are plain UDP
// sockets. Times of the network are real here: every wait is for a condition.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "common/testing/process.h"
#include "mediaplane/audio/g711.h"
#include "tutti/media/v1/media_plane.grpc.pb.h"

namespace tutti::mediaplane {
namespace {

using media::v1::MediaPlane;

constexpr char kBinary[] = "mediaplane/mediaplane";
constexpr int kSamples = 160;
constexpr double kPi = 3.14159265358979323846;
constexpr absl::Duration kPatience = absl::Seconds(20);

std::string Id(int n) { return absl::StrFormat("01890000-0000-7000-8000-%012d", n); }

// The share of a tone in G.711 audio, dB below full scale.
double LevelDb(const std::vector<int16_t>& audio, double hz) {
  double real = 0, imaginary = 0;
  for (size_t i = 0; i < audio.size(); ++i) {
    real += audio[i] * std::cos(2 * kPi * hz * static_cast<double>(i) / 8000);
    imaginary += audio[i] * std::sin(2 * kPi * hz * static_cast<double>(i) / 8000);
  }
  const double amplitude = 2 * std::hypot(real, imaginary) / static_cast<double>(audio.size());
  return 20 * std::log10(amplitude / 32768 + 1e-9);
}

// A caller: speaks its tone, one packet for each that it hears.
class Caller {
 public:
  explicit Caller(double hz) : hz_(hz), fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Caller() { close(fd_); }

  int port() const { return port_; }

  void CallTo(uint32_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }

  // Takes what has come and answers each packet with 20 ms of the tone.
  void Turn() {
    pollfd readable{fd_, POLLIN, 0};
    while (poll(&readable, 1, 1) == 1) {
      std::array<uint8_t, 2048> packet;
      const ssize_t size = recv(fd_, packet.data(), packet.size(), 0);
      if (size != 12 + kSamples) continue;
      std::array<int16_t, kSamples> samples;
      DecodePcmu(packet.data() + 12, samples.data(), kSamples);
      heard_.insert(heard_.end(), samples.begin(), samples.end());
      Speak();
    }
  }

  size_t heard() const { return heard_.size(); }

  double Hears(double hz, size_t last) const {
    return LevelDb({heard_.end() - static_cast<std::ptrdiff_t>(last), heard_.end()}, hz);
  }

 private:
  void Speak() {
    std::array<uint8_t, 12 + kSamples> packet = {0x80, 0};
    const uint32_t timestamp = sequence_ * kSamples;
    packet[2] = static_cast<uint8_t>(sequence_ >> 8);
    packet[3] = static_cast<uint8_t>(sequence_);
    for (int i = 0; i < 4; ++i) packet[4 + i] = static_cast<uint8_t>(timestamp >> (24 - 8 * i));
    packet[11] = static_cast<uint8_t>(port_);
    std::array<int16_t, kSamples> samples;
    for (int i = 0; i < kSamples; ++i) {
      samples[i] = static_cast<int16_t>(8000 * std::sin(2 * kPi * hz_ * (timestamp + i) / 8000));
    }
    EncodePcmu(samples.data(), packet.data() + 12, kSamples);
    ++sequence_;
    send(fd_, packet.data(), packet.size(), 0);
  }

  const double hz_;
  const int fd_;
  int port_ = 0;
  uint32_t sequence_ = 0;
  std::vector<int16_t> heard_;
};

class MainTest : public testing::Test {
 protected:
  MainTest() : grpc_(absl::StrCat("127.0.0.1:", FreeTcpPort())), metrics_(absl::StrCat("127.0.0.1:", FreeTcpPort())) {}

  std::vector<std::string> Flags(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> flags = {"--mediaplane.grpc_listen=" + grpc_, "--mediaplane.metrics_listen=" + metrics_};
    flags.insert(flags.end(), more.begin(), more.end());
    return flags;
  }

  std::unique_ptr<MediaPlane::Stub> Connect() {
    const auto channel = MakeRpcChannel(grpc_);
    EXPECT_TRUE(channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(20)));
    return MediaPlane::NewStub(channel);
  }

  static media::v1::LegState PutLeg(MediaPlane::Stub& stub, int id, int64_t revision, int bridge, int port) {
    grpc::ClientContext context;
    media::v1::PutLegRequest request;
    request.set_leg_id(Id(id));
    request.set_revision(revision);
    request.set_bridge_id(Id(bridge));
    auto& section = *request.mutable_offer()->add_sections();
    section.set_kind(media::v1::MediaSection::AUDIO);
    section.set_protocol("RTP/AVP");
    section.set_address("127.0.0.1");
    section.set_rtp_port(static_cast<uint32_t>(port));
    auto& codec = *section.add_codecs();
    codec.set_name("PCMU");
    codec.set_clock_rate(8000);
    media::v1::LegState state;
    const grpc::Status status = stub.PutLeg(&context, request, &state);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return state;
  }

  const std::string grpc_;
  const std::string metrics_;
};

TEST_F(MainTest, TwoCallersHearEachOtherAndNotThemselves) {
  Process process(kBinary, Flags({"--mediaplane.workers=2"}));
  const auto stub = Connect();
  {
    grpc::ClientContext context;
    media::v1::PutBridgeRequest request;
    request.set_bridge_id(Id(101));
    request.set_revision(1);
    media::v1::BridgeState state;
    ASSERT_TRUE(stub->PutBridge(&context, request, &state).ok());
  }
  Caller first(503), second(811);
  first.CallTo(PutLeg(*stub, 1, 1, 101, first.port()).answer().sections(0).rtp_port());
  second.CallTo(PutLeg(*stub, 2, 1, 101, second.port()).answer().sections(0).rtp_port());

  grpc::ClientContext watch_context;
  auto watch = stub->Watch(&watch_context, {});
  media::v1::WatchResponse message;
  ASSERT_TRUE(watch->Read(&message));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(watch->Read(&message));
    EXPECT_TRUE(message.event().has_leg_joined()) << message.DebugString();
  }

  // Half a second to settle, then 400 ms to measure.
  constexpr size_t kMeasured = 3200;
  const absl::Time deadline = absl::Now() + kPatience;
  while ((first.heard() < 4000 + kMeasured || second.heard() < 4000 + kMeasured) && absl::Now() < deadline) {
    first.Turn();
    second.Turn();
  }
  ASSERT_GE(first.heard(), 4000 + kMeasured);
  ASSERT_GE(second.heard(), 4000 + kMeasured);
  // An amplitude of 8000 is -12.2 dB.
  EXPECT_NEAR(first.Hears(811, kMeasured), -12.2, 1.5);
  EXPECT_NEAR(second.Hears(503, kMeasured), -12.2, 1.5);
  EXPECT_LT(first.Hears(503, kMeasured), -50);
  EXPECT_LT(second.Hears(811, kMeasured), -50);

  {
    grpc::ClientContext context;
    media::v1::GetLegRequest request;
    request.set_leg_id(Id(1));
    media::v1::LegState state;
    ASSERT_TRUE(stub->GetLeg(&context, request, &state).ok());
    EXPECT_EQ(state.bridge_id(), Id(101));
    EXPECT_EQ(state.statistics().codec(), "PCMU/8000");
    EXPECT_GT(state.statistics().packets_received(), 40);
    EXPECT_GT(state.statistics().packets_sent(), 40);
    EXPECT_EQ(state.statistics().packets_dropped(), 0);
  }
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_THAT(process.errors(), testing::HasSubstr("listening"));
}

TEST_F(MainTest, InterruptEndsItCleanly) {
  Process process(kBinary, Flags());
  Connect();
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 0);
}

TEST_F(MainTest, APortInUseIsOneSentence) {
  Process running(kBinary, Flags());
  Connect();
  Process grpc_taken(kBinary, {"--mediaplane.grpc_listen=" + grpc_, "--mediaplane.metrics_listen=127.0.0.1:0"});
  EXPECT_EQ(grpc_taken.Wait(), 1);
  EXPECT_THAT(grpc_taken.errors(), testing::HasSubstr("can't listen for gRPC on " + grpc_));
  Process metrics_taken(kBinary, {"--mediaplane.grpc_listen=127.0.0.1:0", "--mediaplane.metrics_listen=" + metrics_});
  EXPECT_EQ(metrics_taken.Wait(), 1);
  EXPECT_THAT(metrics_taken.errors(), testing::HasSubstr("can't serve /metrics on " + metrics_));
}

TEST_F(MainTest, ABrokenConfigurationIsOneSentence) {
  const std::pair<std::string, std::string> cases[] = {
      {"--mediaplane.workers=99", "mediaplane.workers"},
      {"--mediaplane.rtp_address=192.0.2.1", "192.0.2.1"},
      {"--mediaplane.grpc_listen=0.0.0.0:1", "--insecure_listen"},
      {"--mediaplane.wrkers=1", "mediaplane.wrkers"},
  };
  for (const auto& [flag, message] : cases) {
    Process process(kBinary, Flags({flag}));
    EXPECT_NE(process.Wait(), 0) << flag;
    EXPECT_THAT(process.errors(), testing::HasSubstr(message));
  }
}

}  // namespace
}  // namespace tutti::mediaplane
