#ifndef MEDIAPLANE_MAIN_TESTING_H_
#define MEDIAPLANE_MAIN_TESTING_H_

// For tests of the whole process: callers that are plain UDP sockets, and the
// few commands that put them into a room. Times of the network are real here:
// every wait is for a condition.

#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "mediaplane/audio/g711.h"
#include "tutti/media/v1/media_plane.grpc.pb.h"

namespace tutti::mediaplane {

constexpr char kBinary[] = "mediaplane/mediaplane";
constexpr int kSamples = 160;
constexpr double kAmplitude = 8000;
constexpr double kToneDb = -12.2;  // of that amplitude
constexpr double kPi = 3.14159265358979323846;

inline std::string Id(int n) { return absl::StrFormat("01890000-0000-7000-8000-%012d", n); }

// The share of a tone in G.711 audio, dB below full scale.
inline double LevelDb(const std::vector<int16_t>& audio, double hz) {
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
  explicit Caller(double hz, const std::string& ip = "127.0.0.1")
      : hz_(hz), ip_(ip), fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, ip_.c_str(), &address.sin_addr);
    socklen_t size = sizeof(address);
    bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Caller() { close(fd_); }

  double hz() const { return hz_; }
  const std::string& ip() const { return ip_; }
  int port() const { return port_; }

  void CallTo(const media::v1::MediaDescription& answer) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, answer.sections(0).address().c_str(), &address.sin_addr);
    address.sin_port = htons(static_cast<uint16_t>(answer.sections(0).rtp_port()));
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
      samples[i] = static_cast<int16_t>(kAmplitude * std::sin(2 * kPi * hz_ * (timestamp + i) / 8000));
    }
    EncodePcmu(samples.data(), packet.data() + 12, kSamples);
    ++sequence_;
    send(fd_, packet.data(), packet.size(), 0);
  }

  const double hz_;
  const std::string ip_;
  const int fd_;
  int port_ = 0;
  uint32_t sequence_ = 0;
  std::vector<int16_t> heard_;
};

// The two talk until each has heard half a second to settle and 400 ms to
// measure: then each has heard the other, at its level, and not itself.
inline void ExpectToHearEachOther(Caller& first, Caller& second) {
  constexpr size_t kSettling = 4000;
  constexpr size_t kMeasured = 3200;
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (std::min(first.heard(), second.heard()) < kSettling + kMeasured && absl::Now() < deadline) {
    first.Turn();
    second.Turn();
  }
  ASSERT_GE(first.heard(), kSettling + kMeasured);
  ASSERT_GE(second.heard(), kSettling + kMeasured);
  EXPECT_NEAR(first.Hears(second.hz(), kMeasured), kToneDb, 1.5);
  EXPECT_NEAR(second.Hears(first.hz(), kMeasured), kToneDb, 1.5);
  EXPECT_LT(first.Hears(first.hz(), kMeasured), -50);
  EXPECT_LT(second.Hears(second.hz(), kMeasured), -50);
}

inline std::unique_ptr<media::v1::MediaPlane::Stub> Connect(const std::string& address) {
  const auto channel = MakeRpcChannel(address);
  EXPECT_TRUE(channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(20)));
  return media::v1::MediaPlane::NewStub(channel);
}

inline void PutBridge(media::v1::MediaPlane::Stub& stub, int id) {
  grpc::ClientContext context;
  media::v1::PutBridgeRequest request;
  request.set_bridge_id(Id(id));
  request.set_revision(1);
  media::v1::BridgeState state;
  const grpc::Status status = stub.PutBridge(&context, request, &state);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

inline media::v1::LegState PutLeg(media::v1::MediaPlane::Stub& stub, int id, int64_t revision, int bridge,
                                  const Caller& caller) {
  grpc::ClientContext context;
  media::v1::PutLegRequest request;
  request.set_leg_id(Id(id));
  request.set_revision(revision);
  request.set_bridge_id(Id(bridge));
  auto& section = *request.mutable_offer()->add_sections();
  section.set_kind(media::v1::MediaSection::AUDIO);
  section.set_protocol("RTP/AVP");
  section.set_address(caller.ip());
  section.set_rtp_port(static_cast<uint32_t>(caller.port()));
  auto& codec = *section.add_codecs();
  codec.set_name("PCMU");
  codec.set_clock_rate(8000);
  media::v1::LegState state;
  const grpc::Status status = stub.PutLeg(&context, request, &state);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return state;
}

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_MAIN_TESTING_H_
