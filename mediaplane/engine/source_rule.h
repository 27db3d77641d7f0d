#ifndef MEDIAPLANE_ENGINE_SOURCE_RULE_H_
#define MEDIAPLANE_ENGINE_SOURCE_RULE_H_

#include <cstdint>

#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

// For how long any address may become the source of a symmetric leg.
constexpr int64_t kSymmetricWindowNs = 10'000'000'000;
// After so long without accepted RTP, another port of the same address may
// become the source (a rebound NAT, a restarted sender).
constexpr int64_t kSourceSilenceNs = 2'000'000'000;

// Decides which address a leg's media may come from. POD, part of the leg.
//
// The first valid RTP from the address that was negotiated, any port, makes its
// sender the source; from then on only the source is heard. It opens again by a
// re-offer (Open), or after 2 s of silence for another port of the same address.
// A symmetric leg takes its source from any address within 10 s of Open, and
// sends there.
class SourceRule {
 public:
  enum class Verdict : uint8_t {
    kAccept,  // from the source
    kLatch,   // acceptable: Latch it once the packet has proved to be valid
    kRefuse,
  };

  // A new offer or re-offer: forgets the source. Where the address is another
  // one, packets of the former source that are still on their way are no reason
  // to take it again.
  void Open(const SocketAddress& rtp, const SocketAddress& rtcp, bool symmetric, int64_t now_ns) {
    has_former_ = latched_ && !(rtp == rtp_);
    former_ = source_;
    rtp_ = rtp;
    rtcp_ = rtcp;
    symmetric_ = symmetric;
    latched_ = false;
    opened_ns_ = now_ns;
  }

  Verdict Judge(const SocketAddress& from, int64_t now_ns) const {
    if (latched_) {
      if (from == source_) return Verdict::kAccept;
      const bool rebound = from.ip == source_.ip && now_ns - heard_ns_ >= kSourceSilenceNs;
      return rebound ? Verdict::kLatch : Verdict::kRefuse;
    }
    if (has_former_ && from == former_ && now_ns - opened_ns_ < kSourceSilenceNs) return Verdict::kRefuse;
    if (symmetric_ && now_ns - opened_ns_ <= kSymmetricWindowNs) return Verdict::kLatch;
    return from.ip == rtp_.ip ? Verdict::kLatch : Verdict::kRefuse;
  }

  void Latch(const SocketAddress& from) {
    source_ = from;
    latched_ = true;
  }

  // A packet of the source was accepted.
  void Heard(int64_t now_ns) { heard_ns_ = now_ns; }

  // RTCP has a port of its own: the address decides.
  bool AcceptsRtcp(const SocketAddress& from) const {
    return from.ip == (latched_ ? source_.ip : rtcp_.ip) || from.ip == rtcp_.ip;
  }

  bool latched() const { return latched_; }

  // Where RTP and RTCP go: as negotiated, or back to a symmetric source.
  const SocketAddress& rtp_destination() const { return symmetric_ && latched_ ? source_ : rtp_; }
  SocketAddress rtcp_destination() const {
    if (!symmetric_ || !latched_ || source_ == rtp_) return rtcp_;
    // Beyond a NAT the negotiated RTCP port means nothing; with rtcp-mux it is
    // the RTP source, without it the next port is the best guess.
    SocketAddress guess = source_;
    if (!(rtcp_ == rtp_)) ++guess.port;
    return guess;
  }

 private:
  SocketAddress rtp_;
  SocketAddress rtcp_;
  SocketAddress source_;
  SocketAddress former_;
  int64_t opened_ns_ = 0;
  int64_t heard_ns_ = 0;
  bool symmetric_ = false;
  bool latched_ = false;
  bool has_former_ = false;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_SOURCE_RULE_H_
