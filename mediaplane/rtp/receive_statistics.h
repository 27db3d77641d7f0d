#ifndef MEDIAPLANE_RTP_RECEIVE_STATISTICS_H_
#define MEDIAPLANE_RTP_RECEIVE_STATISTICS_H_

#include <cstdint>

#include "mediaplane/rtp/rtcp_packet.h"
#include "mediaplane/rtp/rtp_packet.h"

namespace tutti::mediaplane {

// What a receiver knows of one source (RFC 3550 appendices A.1, A.3, A.8), for its
// reports and for a leg's figures. Plain memory; owned by the leg, used on its worker.
//
// There is no probation (A.1's MIN_SEQUENTIAL is 1): the source was agreed by
// signalling. A new SSRC starts anew at once; loss and packet totals of the earlier
// ones are kept for the leg's figures.
class ReceiveStatistics {
 public:
  // What a packet's sequence number says.
  enum class Sequence : uint8_t {
    kFirst,      // of this SSRC
    kInOrder,    // or after a permissible gap
    kReordered,  // late or duplicate
    kJump,       // too far off; counted only if the next one follows it
    kRestarted,  // the second of a jump: the source started anew
  };

  // Each valid RTP packet of the leg, of whatever payload type. `clock_rate_hz` is 0
  // for those whose timestamps tell no time (telephone-event, comfort noise): they
  // count for loss, not for jitter. A change of rate starts jitter anew.
  Sequence OnRtp(const RtpPacket& packet, int64_t arrival_ns, uint32_t clock_rate_hz);

  // A received SR of this source. `arrival_ns` as for RTP.
  void OnSenderReport(uint32_t ssrc, uint64_t ntp, int64_t arrival_ns);

  // A block about us: loss and round trip as the far side sees them. `now_ntp` is on
  // the clock whose times went out in our SRs.
  void OnReportBlock(const RtcpReportBlock& block, uint64_t now_ntp);

  // The block for our next report; starts the next interval. Only when active().
  RtcpReportBlock TakeReportBlock(int64_t now_ns);

  bool active() const { return active_; }
  uint32_t ssrc() const { return ssrc_; }

  // Over the leg's life, all SSRCs.
  uint64_t packets_received() const { return earlier_received_ + received_; }
  // Never below 0, though duplicates may hide losses.
  uint64_t packets_lost() const;
  uint64_t source_changes() const { return source_changes_; }

  // Interarrival jitter, RTP clock units and microseconds.
  uint32_t jitter_units() const { return jitter_q4_ >> 4; }
  uint32_t jitter_us() const;

  // -1 before the first block that allows to compute it.
  int64_t round_trip_us() const { return round_trip_us_; }
  // The last block about us: 1/256, and packets.
  uint8_t remote_fraction_lost() const { return remote_fraction_lost_; }
  int32_t remote_cumulative_lost() const { return remote_cumulative_lost_; }

 private:
  void Start(uint16_t sequence);
  Sequence UpdateSequence(uint16_t sequence);
  void UpdateJitter(uint32_t timestamp, int64_t arrival_ns, uint32_t clock_rate_hz);
  int64_t Expected() const { return int64_t{cycles_} + max_sequence_ - base_sequence_ + 1; }

  bool active_ = false;
  bool has_transit_ = false;
  bool has_sender_report_ = false;
  uint8_t remote_fraction_lost_ = 0;
  uint16_t max_sequence_ = 0;
  uint32_t ssrc_ = 0;
  uint32_t cycles_ = 0;  // sequence wraps, times 65536
  uint32_t base_sequence_ = 0;
  uint32_t bad_sequence_ = 0;
  uint32_t jitter_q4_ = 0;
  uint32_t transit_ = 0;
  uint32_t clock_rate_hz_ = 0;
  uint32_t last_sr_ = 0;
  int32_t remote_cumulative_lost_ = 0;
  int64_t received_ = 0;
  int64_t expected_prior_ = 0;
  int64_t received_prior_ = 0;
  int64_t last_sr_arrival_ns_ = 0;
  int64_t round_trip_us_ = -1;
  uint64_t earlier_received_ = 0;
  uint64_t earlier_lost_ = 0;
  uint64_t source_changes_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RTP_RECEIVE_STATISTICS_H_
