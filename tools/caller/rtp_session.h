#ifndef TOOLS_CALLER_RTP_SESSION_H_
#define TOOLS_CALLER_RTP_SESSION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "mediaplane/audio/format.h"
#include "mediaplane/rtp/receive_statistics.h"
#include "tools/caller/payload.h"
#include "tools/caller/sound.h"
#include "tools/caller/timeline.h"

namespace tutti::tools {

struct CallerStatistics {
  uint64_t packets_sent = 0;
  uint64_t packets_received = 0;
  uint64_t packets_lost = 0;       // RFC 3550 appendix A.3
  uint64_t packets_reordered = 0;  // late or duplicate by sequence number
  uint64_t packets_bad = 0;        // no RTP, or another payload type
  uint64_t packets_after_gap = 0;  // more than 40 ms after the one before
  double gap_ms_max = 0;
  double jitter_ms = 0;                 // RFC 3550 section 6.4.1
  std::optional<double> round_trip_ms;  // from RTCP, once known
  double remote_loss_percent = 0;       // as the far side last reported
  double heard_dbfs = -100;             // of about the last 200 ms
  double said_dbfs = -100;
};

// One RTP stream each way, with its RTCP, without sockets and clocks: bytes and
// times go in, bytes come out. Times are Unix nanoseconds. One thread.
class RtpSession {
 public:
  struct Options {
    mediaplane::Codec codec = mediaplane::Codec::kPcmu;
    uint8_t payload_type = 0;
    std::string cname = "caller";
    // Random, of the caller's choice (RFC 3550 section 5.1).
    uint32_t ssrc = 0;
    uint16_t first_sequence = 0;
    uint32_t first_timestamp = 0;
    Timeline::Keep keep = Timeline::Keep::kTail;
  };

  static constexpr size_t kPacketBytesMax = 1500;

  // `start_ns` is the heard time line's zero.
  RtpSession(const Options& options, std::unique_ptr<AudioSource> source, int64_t start_ns);

  // The next 20 ms, as a packet; returns its bytes.
  size_t NextRtp(std::span<uint8_t> out);

  // A compound packet of now; `bye` ends the stream.
  size_t NextRtcp(int64_t now_ns, bool bye, std::span<uint8_t> out);

  void OnRtp(std::span<const uint8_t> datagram, int64_t arrival_ns);
  void OnRtcp(std::span<const uint8_t> datagram, int64_t arrival_ns);

  CallerStatistics Statistics(int64_t now_ns) const;

  // Flush() it at the end of the call.
  Timeline& heard() { return heard_; }

 private:
  const Options options_;
  const std::unique_ptr<AudioSource> source_;
  PayloadEncoder encoder_;
  const int64_t start_ns_;
  Timeline heard_;
  // Its times are from start_ns_ on: Unix time times a clock rate is too large.
  mediaplane::ReceiveStatistics received_;
  CallerStatistics statistics_;

  uint16_t sequence_;
  uint32_t timestamp_;
  uint64_t octets_sent_ = 0;
  int64_t last_arrival_ns_ = 0;
};

}  // namespace tutti::tools

#endif  // TOOLS_CALLER_RTP_SESSION_H_
