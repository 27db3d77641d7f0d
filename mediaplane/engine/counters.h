#ifndef MEDIAPLANE_ENGINE_COUNTERS_H_
#define MEDIAPLANE_ENGINE_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tutti::mediaplane {

// A figure that one thread writes and any thread reads. Adding is a load and a
// store, not a locked instruction: the writer is alone.
class Counter {
 public:
  void Add(uint64_t n) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void Set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t Get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

// Why the engine dropped a packet. One counter each, by worker.
enum class EngineDrop : uint8_t {
  kUnknownLeg,       // the leg has left this worker or is gone
  kWrongSource,      // RTP from an address that the source rule refuses
  kDirection,        // RTP while we may not receive (hold, recvonly offers)
  kRtpMalformed,     //
  kPayloadUnknown,   // a payload type that was not negotiated
  kRtcpMalformed,    //
  kRtcpWrongSource,  //
  kJitterLate,       // its playing time has passed
  kJitterDuplicate,  //
  kJitterRefused,    // too far ahead, badly sized, or a stream not yet believed
  kNoMbuf,           // nothing to send with
  kCount,
};

// "wrong_source": the label of metrics.
std::string_view EngineDropName(EngineDrop drop);

// Upper bounds of the buckets of tick figures, nanoseconds; one more bucket is
// unbounded.
constexpr std::array<int64_t, 11> kTickBucketsNs = {50'000,    100'000,    250'000,    500'000,    1'000'000, 2'000'000,
                                                    5'000'000, 10'000'000, 20'000'000, 40'000'000, 80'000'000};

// A histogram with fixed buckets, written by one thread. Buckets are not
// cumulative.
class TickHistogram {
 public:
  void Record(int64_t ns) {
    size_t i = 0;
    while (i < kTickBucketsNs.size() && ns > kTickBucketsNs[i]) ++i;
    buckets_[i].Add(1);
    sum_ns_.Add(ns > 0 ? static_cast<uint64_t>(ns) : 0);
  }
  uint64_t bucket(size_t i) const { return buckets_[i].Get(); }
  uint64_t sum_ns() const { return sum_ns_.Get(); }
  static constexpr size_t bucket_count() { return kTickBucketsNs.size() + 1; }

 private:
  std::array<Counter, kTickBucketsNs.size() + 1> buckets_;
  Counter sum_ns_;
};

// One worker's figures since the start, but for those said to be of now.
struct alignas(64) WorkerCounters {
  Counter rtp_received;  // accepted, audio
  Counter rtp_bytes_received;
  Counter telephone_events_received;  // RFC 4733 packets; never mixed
  Counter digits_received;            // that they told of
  Counter digits_lost;                // of those, the live event ring was full
  Counter comfort_noise_received;
  Counter rtcp_received;
  Counter rtp_sent;
  Counter rtp_bytes_sent;
  Counter rtcp_sent;
  std::array<Counter, static_cast<size_t>(EngineDrop::kCount)> drops;

  // Of the jitter buffers, gathered every half second.
  Counter packets_lost;
  Counter packets_late;
  Counter packets_duplicate;
  Counter frames_concealed;
  Counter frames_discarded;
  Counter buffer_delay_us;  // of now: the mean of the legs that receive

  // A tick is one phase's work of 20 ms.
  Counter ticks;
  Counter ticks_late;     // run back to back after a late one
  Counter ticks_skipped;  // too late to run
  Counter frames_decoded;
  Counter frames_encoded;  // shared ones counted once
  Counter source_changes;  // latched again by the source rule
  Counter plays_ended;     // sounds played to legs and bridges
  Counter tap_messages;
  Counter tap_messages_lost;  // beside those: the tap ring was full
  TickHistogram tick_duration;
  TickHistogram tick_lateness;

  Counter commands;
  Counter handovers;         // legs given to another worker
  Counter events_lost;       // the event ring was full
  Counter legs;              // of now
  Counter bridges;           // of now: those with a leg, a play or a tap
  Counter load_permille;     // of now: busy time of the last 5 s
  Counter skipped_recently;  // of now: ticks skipped in the last 5 s

  Counter& drop(EngineDrop reason) { return drops[static_cast<size_t>(reason)]; }
  const Counter& drop(EngineDrop reason) const { return drops[static_cast<size_t>(reason)]; }
};

// A leg's figures since its start, as read at one moment.
struct LegFigures {
  uint64_t packets_received = 0;
  uint64_t bytes_received = 0;  // RTP payload and header
  uint64_t packets_sent = 0;
  uint64_t bytes_sent = 0;
  uint64_t packets_dropped = 0;  // before the jitter buffer

  // Half a second old at most, but exact in kLegRemoved.
  uint64_t packets_lost = 0;
  uint64_t packets_late = 0;
  uint64_t packets_duplicate = 0;
  uint64_t frames_concealed = 0;
  uint64_t frames_discarded = 0;
  uint64_t jitter_us = 0;
  uint64_t buffer_delay_us = 0;
  uint32_t remote_loss_permille = 0;
  uint64_t round_trip_us = 0;  // 0: unknown
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_COUNTERS_H_
