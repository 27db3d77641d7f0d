#include "tools/caller/rtp_caller.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <random>
#include <utility>

#include "common/status/status.h"

namespace tutti::tools {
namespace {

constexpr int64_t kTickNs = mediaplane::kTickNs;
constexpr int64_t kSecondNs = 1'000'000'000;
// The first report comes early, to know the delay soon (RFC 3550 section 6.2
// allows half of the minimum interval at the start).
constexpr int64_t kFirstRtcpNs = kSecondNs;
constexpr int64_t kRtcpIntervalNs = 5 * kSecondNs;
constexpr int kDatagramsPerWakeMax = 256;

int64_t Time(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * kSecondNs + time.tv_nsec;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RtpCaller>> RtpCaller::Create(const Options& options,
                                                             std::unique_ptr<AudioSource> source) {
  TUTTI_ASSIGN_OR_RETURN(MediaSockets sockets, MediaSockets::Bind(options.address));
  const int stop_event = eventfd(0, EFD_CLOEXEC);
  if (stop_event < 0) {
    return Error(absl::StatusCode::kResourceExhausted, "NO_FILE_DESCRIPTOR", "No file descriptor is left.");
  }
  return std::unique_ptr<RtpCaller>(new RtpCaller(options, std::move(source), std::move(sockets), stop_event));
}

RtpCaller::RtpCaller(const Options& options, std::unique_ptr<AudioSource> source, MediaSockets sockets, int stop_event)
    : options_(options), source_(std::move(source)), sockets_(std::move(sockets)), stop_event_(stop_event) {}

RtpCaller::~RtpCaller() {
  Stop();
  close(stop_event_);
}

std::string RtpCaller::Offer() const {
  return MakeOffer(options_.codec, sockets_.address(), sockets_.port(), static_cast<uint16_t>(sockets_.port() + 1));
}

absl::Status RtpCaller::Start(const std::string& sdp_answer) {
  TUTTI_ASSIGN_OR_RETURN(const RemoteMedia remote, ReadAnswer(sdp_answer, options_.codec));
  TUTTI_ASSIGN_OR_RETURN(remote_rtp_, MakeUdpAddress(remote.address, remote.rtp_port));
  TUTTI_ASSIGN_OR_RETURN(remote_rtcp_, MakeUdpAddress(remote.address, remote.rtcp_port));
  start_monotonic_ns_ = Time(CLOCK_MONOTONIC);
  start_ns_ = Time(CLOCK_REALTIME);
  std::mt19937_64 random(options_.seed);
  RtpSession::Options session;
  session.codec = options_.codec;
  session.payload_type = PayloadTypeOf(options_.codec);
  session.cname = options_.cname;
  session.ssrc = static_cast<uint32_t>(random());
  session.first_sequence = static_cast<uint16_t>(random());
  session.first_timestamp = static_cast<uint32_t>(random());
  session.keep = options_.record ? Timeline::Keep::kAll : Timeline::Keep::kTail;
  {
    absl::MutexLock lock(&mutex_);
    session_ = std::make_unique<RtpSession>(session, std::move(source_), start_ns_);
  }
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void RtpCaller::Stop() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(stop_event_, &one, sizeof(one));
  thread_.join();
  absl::MutexLock lock(&mutex_);
  session_->heard().Flush();
}

void RtpCaller::Run() {
  std::mt19937_64 random(options_.seed + 1);
  int64_t next_rtp_ns = start_monotonic_ns_;
  int64_t next_rtcp_ns = start_monotonic_ns_ + kFirstRtcpNs;
  std::array<uint8_t, RtpSession::kPacketBytesMax> packet;
  for (;;) {
    const int64_t wait_ns = std::max<int64_t>(0, std::min(next_rtp_ns, next_rtcp_ns) - Time(CLOCK_MONOTONIC));
    const timespec timeout{wait_ns / kSecondNs, wait_ns % kSecondNs};
    pollfd polled[] = {{sockets_.rtp(), POLLIN, 0}, {sockets_.rtcp(), POLLIN, 0}, {stop_event_, POLLIN, 0}};
    ppoll(polled, 3, &timeout, nullptr);
    if (polled[0].revents != 0) ReceiveAll(sockets_.rtp(), /*rtcp=*/false);
    if (polled[1].revents != 0) ReceiveAll(sockets_.rtcp(), /*rtcp=*/true);
    if (polled[2].revents != 0) break;
    const int64_t now_ns = Time(CLOCK_MONOTONIC);
    for (; next_rtp_ns <= now_ns; next_rtp_ns += kTickNs) {
      size_t bytes = 0;
      {
        absl::MutexLock lock(&mutex_);
        bytes = session_->NextRtp(packet);
      }
      sendto(sockets_.rtp(), packet.data(), bytes, 0, reinterpret_cast<const sockaddr*>(&remote_rtp_.storage),
             remote_rtp_.length);
    }
    if (next_rtcp_ns <= now_ns) {
      SendRtcp(/*bye=*/false);
      next_rtcp_ns = now_ns + kRtcpIntervalNs / 2 + static_cast<int64_t>(random() % kRtcpIntervalNs);
    }
  }
  SendRtcp(/*bye=*/true);
}

void RtpCaller::ReceiveAll(int socket, bool rtcp) {
  std::array<uint8_t, 2048> buffer;
  Datagram datagram;
  for (int i = 0; i < kDatagramsPerWakeMax && Receive(socket, buffer, datagram); ++i) {
    const std::span<const uint8_t> bytes(buffer.data(), datagram.bytes);
    if (datagram.arrival_ns == 0) datagram.arrival_ns = Time(CLOCK_REALTIME);
    absl::MutexLock lock(&mutex_);
    if (!SameIp(datagram.from, remote_rtp_)) {
      ++packets_foreign_;
    } else if (rtcp) {
      session_->OnRtcp(bytes, datagram.arrival_ns);
    } else {
      session_->OnRtp(bytes, datagram.arrival_ns);
    }
  }
}

void RtpCaller::SendRtcp(bool bye) {
  std::array<uint8_t, RtpSession::kPacketBytesMax> packet;
  size_t bytes = 0;
  {
    absl::MutexLock lock(&mutex_);
    bytes = session_->NextRtcp(Time(CLOCK_REALTIME), bye, packet);
  }
  sendto(sockets_.rtcp(), packet.data(), bytes, 0, reinterpret_cast<const sockaddr*>(&remote_rtcp_.storage),
         remote_rtcp_.length);
}

CallerStatistics RtpCaller::Statistics() const {
  absl::MutexLock lock(&mutex_);
  if (session_ == nullptr) return {};
  CallerStatistics statistics = session_->Statistics(Time(CLOCK_REALTIME));
  statistics.packets_bad += packets_foreign_;
  return statistics;
}

const std::vector<int16_t>& RtpCaller::Recording() const {
  absl::MutexLock lock(&mutex_);
  static const std::vector<int16_t> kNothing;
  return session_ == nullptr ? kNothing : session_->heard().samples();
}

int RtpCaller::sample_rate() const { return mediaplane::FormatOf(options_.codec).sample_rate; }

}  // namespace tutti::tools
