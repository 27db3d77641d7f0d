// What a participant costs: the engine over a port in memory, rooms of 10 at
// 20 phases, everything on. Prints a table; the cost is CPU time, less that of the
// far ends.
//
//   engine_bench [legs] [talkers per room] [seconds] [room size] [tap]
//
// tap: 0 none, 1 each room's mix at 8 kHz, 2 at 16 kHz, 3 at 16 kHz and its legs.

#include <rte_cycles.h>
#include <rte_mempool.h>
#include <time.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "mediaplane/audio/codec.h"
#include "mediaplane/engine/engine.h"
#include "mediaplane/engine/tap.h"
#include "mediaplane/engine/worker.h"
#include "mediaplane/port/eal.h"
#include "mediaplane/rtp/rtp_packet.h"
#include "mediaplane/stream/stream_port.h"

namespace tutti::mediaplane {
namespace {

constexpr unsigned kPhases = 20;
constexpr size_t kFrameBytes = 160;

double ThreadCpuNs() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// A wire with a caller on the far end of every leg: 20 ms packets of speech-like
// noise from talkers and of silence from the others arrive evenly over the tick;
// what is sent is dropped after its first line was read.
class MemoryPort final : public Port {
 public:
  MemoryPort(unsigned legs, unsigned talkers, unsigned room, rte_mempool* pool) : streams_(legs), pool_(pool) {
    for (unsigned i = 0; i < legs; ++i) streams_[i].talks = i % room < talkers;
    Encoder encoder(Codec::kPcmu);
    std::array<int16_t, kFrameBytes> samples;
    for (size_t frame = 0; frame < speech_.size(); ++frame) {
      for (size_t s = 0; s < samples.size(); ++s) {
        samples[s] = static_cast<int16_t>(6000 * std::sin(0.07 * static_cast<double>(s + 160 * frame)) +
                                          static_cast<int>((s * 7919 + frame * 104'729) % 2000));
      }
      encoder.Encode(samples.data(), speech_[frame].data());
    }
    silence_.fill(0xff);
  }

  void Attach(const Endpoint& endpoint, unsigned) override { streams_[endpoint.leg].attached = true; }
  void Detach(LegSlot leg) override { streams_[leg].attached = false; }

  // The packets of one slot's share of the legs are on the wire.
  void Arrive(int64_t slot, int64_t now_ns) {
    next_ = static_cast<size_t>(slot % kPhases) * streams_.size() / kPhases;
    end_ = static_cast<size_t>(slot % kPhases + 1) * streams_.size() / kPhases;
    now_ns_ = now_ns;
  }
  bool empty() const { return next_ == end_; }

  unsigned Receive(unsigned, std::span<rte_mbuf*> packets) override {
    const uint64_t begin = rte_rdtsc();
    unsigned count = 0;
    for (; next_ < end_ && count < packets.size(); ++next_) {
      Stream& stream = streams_[next_];
      if (!stream.attached) continue;
      rte_mbuf* packet = rte_pktmbuf_alloc(pool_);
      if (packet == nullptr) std::abort();
      uint8_t* bytes = rte_pktmbuf_mtod(packet, uint8_t*);
      WriteRtpHeader(bytes, false, 0, stream.sequence++, stream.timestamp, static_cast<uint32_t>(next_ + 1));
      stream.timestamp += 160;
      const auto& payload = stream.talks ? speech_[stream.sequence % speech_.size()] : silence_;
      std::memcpy(bytes + kRtpHeaderBytes, payload.data(), kFrameBytes);
      packet->data_len = kRtpHeaderBytes + kFrameBytes;
      packet->pkt_len = packet->data_len;
      PacketMeta& meta = Meta(packet);
      meta.leg = static_cast<LegSlot>(next_);
      meta.remote.port = 4000;
      meta.arrival_ns = now_ns_;
      meta.rtcp = false;
      packets[count++] = packet;
    }
    // Making packets is the far ends' work.
    other_cycles_ += rte_rdtsc() - begin;
    return count;
  }

  void Send(std::span<rte_mbuf*> packets) override {
    for (rte_mbuf* packet : packets) sum_ += *rte_pktmbuf_mtod(packet, const uint8_t*);
    sent_ += packets.size();
    rte_pktmbuf_free_bulk(packets.data(), static_cast<unsigned>(packets.size()));
  }

  const PortCounters& counters() const override { return counters_; }
  uint64_t TakeOtherCycles() { return std::exchange(other_cycles_, 0); }

 private:
  struct Stream {
    bool attached = false;
    bool talks = false;
    uint16_t sequence = 1;
    uint32_t timestamp = 1;
  };
  std::vector<Stream> streams_;
  rte_mempool* const pool_;
  std::array<std::array<uint8_t, kFrameBytes>, 16> speech_;
  std::array<uint8_t, kFrameBytes> silence_;
  size_t next_ = 0;
  size_t end_ = 0;
  int64_t now_ns_ = 0;
  uint64_t other_cycles_ = 0;
  uint64_t sent_ = 0;
  unsigned sum_ = 0;
  PortCounters counters_;
};

class MemoryEndpoints final : public Endpoints {
 public:
  explicit MemoryEndpoints(MemoryPort& port) : port_(port) {}
  absl::StatusOr<Endpoint> Open(LegSlot leg, const SocketAddress&, bool) override {
    Endpoint endpoint;
    endpoint.leg = leg;
    endpoint.rtcp.port = 1;
    return endpoint;
  }
  void Close(const Endpoint&) override {}
  Port& port(unsigned) override { return port_; }
  uint64_t ports_skipped() const override { return 0; }

 private:
  MemoryPort& port_;
};

int Run(unsigned legs, unsigned talkers, unsigned seconds, unsigned room, unsigned tap, rte_mempool* pool) {
  MemoryPort port(legs, talkers, room, pool);
  MemoryEndpoints endpoints(port);
  EngineOptions options;
  options.legs_max = legs;
  options.bridges_max = legs / room + 1;
  options.phases = kPhases;
  options.polling = true;
  options.packets = pool;
  options.tap_ring_size = 16'383;
  uint64_t random = 88'172'645'463'325'252;
  options.random = [&random] {
    random ^= random << 13;
    random ^= random >> 7;
    return random ^= random << 17;
  };
  // As in a media node that has no audio stream now.
  StreamEndpoints streams(endpoints, {.phases = kPhases, .polling = true, .legs_max = legs, .pool = pool});
  auto engine = Engine::Create(options, streams);
  if (!engine.ok()) {
    std::fprintf(stderr, "%s\n", std::string(engine.status().message()).c_str());
    return 1;
  }
  Worker& worker = (*engine)->worker(0);
  std::vector<EngineEvent> events;
  int64_t now_ns = kTickNs;
  LegMedia media;
  media.remote_rtp.port = 4000;
  media.remote_rtcp.port = 4001;
  media.media_timeout_ms = 30'000;
  BridgeSlot bridge = kNoBridgeSlot;
  for (unsigned i = 0; i < legs; ++i) {
    if (i % room == 0) {
      bridge = *(*engine)->AddBridge();
      const BridgeTap wanted = {.id = tap, .mix_8000 = tap == 1, .mix_16000 = tap >= 2, .legs = tap == 3};
      if (!(*engine)->SetBridgeTap(bridge, wanted).ok()) return 1;
    }
    auto added = (*engine)->AddLeg(media, false, bridge, 1);
    if (!added.ok()) {
      std::fprintf(stderr, "%s\n", std::string(added.status().message()).c_str());
      return 1;
    }
    if (i % 1000 == 999 || i + 1 == legs) {
      while ((*engine)->pending()) {
        worker.RunOnce(now_ns);
        (*engine)->Poll(events);
      }
    }
  }

  const int64_t slot_ns = kTickNs / kPhases;
  // CPU time of the thread, by the share of its cycles that were the engine's: a
  // shared machine takes the core away at times.
  const auto run_slots = [&](int64_t slots) {
    const double cpu_begin_ns = ThreadCpuNs();
    const uint64_t all_begin = rte_rdtsc();
    uint64_t cycles = 0;
    port.TakeOtherCycles();
    for (int64_t i = 0; i < slots; ++i) {
      now_ns += slot_ns;
      port.Arrive(now_ns / slot_ns, now_ns);
      const uint64_t begin = rte_rdtsc();
      do {
        worker.RunOnce(now_ns);
      } while (!port.empty());
      cycles += rte_rdtsc() - begin - port.TakeOtherCycles();
      while ((*engine)->tap_ring(0).Peek() != nullptr) (*engine)->tap_ring(0).TakePeeked();
    }
    return (ThreadCpuNs() - cpu_begin_ns) * static_cast<double>(cycles) / static_cast<double>(rte_rdtsc() - all_begin);
  };
  run_slots(kPhases * 100);  // two seconds to settle
  const uint64_t sent = worker.counters().rtp_sent.Get();
  const uint64_t encodes = worker.counters().frames_encoded.Get();
  const double ns = run_slots(int64_t{kPhases} * 50 * seconds);
  const double ticks = static_cast<double>(worker.counters().rtp_sent.Get() - sent);
  const double cycles = ns * static_cast<double>(rte_get_tsc_hz()) / 1e9;
  std::printf(
      "%8u legs  %3u talkers of %4u  %7.1f cycles  %6.1f ns a participant-tick  %5.2f us a participant-second  "
      "%5.1f %% of a core  %.2f encodes a leg\n",
      legs, talkers, room, cycles / ticks, ns / ticks, ns / ticks * 50 / 1000, 100 * ns / 1e9 / seconds,
      static_cast<double>(worker.counters().frames_encoded.Get() - encodes) / ticks);
  return ticks > 0 ? 0 : 1;
}

}  // namespace
}  // namespace tutti::mediaplane

int main(int argc, char** argv) {
  using namespace tutti::mediaplane;
  const auto argument = [&](int i, unsigned otherwise) {
    return argc > i ? static_cast<unsigned>(std::strtoul(argv[i], nullptr, 10)) : otherwise;
  };
  const unsigned packets = 16'384;
  auto eal = Eal::Start({.memory_mb = MemoryMbFor(packets), .file_prefix = "engine_bench"});
  auto pool = eal.ok() ? CreatePacketPool("bench", packets) : eal.status();
  if (!pool.ok()) {
    std::fprintf(stderr, "%s\n", std::string(pool.status().message()).c_str());
    return 1;
  }
  std::printf("sizeof(Leg) %zu, of which the jitter buffer %zu\n", sizeof(Leg), sizeof(JitterBuffer));
  const unsigned seconds = argument(3, 2);
  if (argc > 1) return Run(argument(1, 1000), argument(2, 1), seconds, argument(4, 10), argument(5, 0), pool->get());
  for (unsigned legs : {1000u, 10'000u}) {
    for (unsigned talkers : {1u, 3u, 10u}) {
      if (Run(legs, talkers, seconds, 10, 0, pool->get()) != 0) return 1;
    }
  }
  return Run(10'000, 3, seconds, 10'000, 0, pool->get());
}
