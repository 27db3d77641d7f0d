#include "mediaplane/stream/stream_port.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mediaplane/audio/l16.h"
#include "mediaplane/rtp/rtp_packet.h"

namespace tutti::mediaplane {
namespace {

// Before its tick: more than the jitter buffer's margin (kJitterMarginNs).
constexpr int64_t kArrivalNs = 5'000'000;
// Frames made up for at once when a worker was late; it skips more than that.
constexpr int64_t kFramesAtOnceMax = 4;
// The first of an address of a stream: of RFC 6666's prefix, which no packet leaves for.
constexpr uint8_t kDiscardPrefix = 0x01;

}  // namespace

SocketAddress StreamAddress(MixRate rate) {
  SocketAddress address;
  address.ip[0] = kDiscardPrefix;
  address.ip[15] = static_cast<uint8_t>(rate);
  return address;
}

bool IsStreamAddress(const SocketAddress& address) {
  return address.port == 0 && address.ip[0] == kDiscardPrefix &&
         address.ip[15] < static_cast<uint8_t>(MixRate::kCount) &&
         address == StreamAddress(static_cast<MixRate>(address.ip[15]));
}

StreamPort::StreamPort(Port& network, const StreamPortOptions& options)
    : network_(network),
      options_(options),
      slot_ns_(kTickNs / options.phases),
      legs_(options.legs_max),
      phases_(options.phases) {
  for (std::vector<LegSlot>& phase : phases_) phase.reserve(options.legs_max);
}

void StreamPort::Attach(const Endpoint& endpoint, unsigned phase) {
  if (endpoint.line == nullptr) return network_.Attach(endpoint, phase);
  Detach(endpoint.leg);
  legs_[endpoint.leg] = {endpoint.line, phase};
  phases_[phase].push_back(endpoint.leg);
  ++attached_;
}

void StreamPort::Detach(LegSlot slot) {
  if (legs_[slot].line == nullptr) return network_.Detach(slot);
  std::erase(phases_[legs_[slot].phase], slot);
  legs_[slot] = Leg();
  --attached_;
}

unsigned StreamPort::Receive(unsigned phase, std::span<rte_mbuf*> packets) {
  const unsigned filled = attached_ > 0 ? ReceiveStreams(phase, packets) : 0;
  if (filled == packets.size()) return filled;
  return filled + network_.Receive(phase, packets.subspan(filled));
}

unsigned StreamPort::ReceiveStreams(unsigned phase, std::span<rte_mbuf*> packets) {
  const int64_t now_ns = options_.clock().monotonic_ns;
  unsigned filled = 0;
  if (!options_.polling) {
    ReceivePhase(phase, now_ns, packets, filled);
    return filled;
  }
  // The phase is not told: the workers' ticks are slots of the clock.
  const auto phases = static_cast<int64_t>(phases_.size());
  const int64_t slot = now_ns / slot_ns_;
  for (int64_t due = std::max(last_slot_ + 1, slot - phases + 1); due <= slot; ++due) {
    if (!ReceivePhase(static_cast<unsigned>(due % phases), now_ns, packets, filled)) return filled;
    last_slot_ = due;
  }
  return filled;
}

// A leg's frames follow the ticks of its phase; one that came here from another
// phase has its next where it is nearest to 20 ms after its last.
bool StreamPort::ReceivePhase(unsigned phase, int64_t now_ns, std::span<rte_mbuf*> packets, unsigned& filled) {
  const int64_t offset_ns = static_cast<int64_t>(phase) * slot_ns_;
  const int64_t tick_ns = (now_ns - offset_ns) / kTickNs * kTickNs + offset_ns;
  for (const LegSlot slot : phases_[phase]) {
    AudioLine& line = *legs_[slot].line;
    AudioLine::Playout& playout = line.playout();
    const auto units = static_cast<uint32_t>(line.samples_per_frame());
    int64_t frames = playout.frame_ns == 0 ? 1 : (tick_ns - playout.frame_ns + kTickNs / 2) / kTickNs;
    if (frames > kFramesAtOnceMax) {
      // What was not said then is said later: the time passes.
      playout.timestamp += static_cast<uint32_t>(frames - kFramesAtOnceMax) * units;
      frames = kFramesAtOnceMax;
    }
    for (; frames > 0; --frames) {
      if (filled == packets.size()) return false;
      playout.frame_ns = tick_ns - (frames - 1) * kTickNs;
      if (rte_mbuf* packet = NextPacket(slot, line, playout.frame_ns)) packets[filled++] = packet;
      playout.timestamp += units;
    }
  }
  return true;
}

// Null: there is nothing to tell in this frame.
rte_mbuf* StreamPort::NextPacket(LegSlot slot, AudioLine& line, int64_t tick_ns) {
  std::array<int16_t, kSamplesPerFrameMax> frame;
  const auto samples = std::span(frame).first(line.samples_per_frame());
  AudioLine::Playout& playout = line.playout();
  const bool spoke = std::exchange(playout.speaks, line.TakeSaid(samples));
  if (!playout.speaks && !spoke) return nullptr;
  rte_mbuf* packet = rte_pktmbuf_alloc(options_.pool);
  if (packet == nullptr) {
    if (playout.speaks) line.counters().samples_dropped.fetch_add(samples.size(), std::memory_order_relaxed);
    return nullptr;
  }
  uint8_t* bytes = rte_pktmbuf_mtod(packet, uint8_t*);
  // RFC 3389: one byte of comfort noise is its level, -127 dBov.
  size_t payload_bytes = 1;
  if (playout.speaks) {
    payload_bytes = samples.size_bytes();
    EncodeL16(samples.data(), bytes + kRtpHeaderBytes, samples.size());
  } else {
    bytes[kRtpHeaderBytes] = 127;
  }
  WriteRtpHeader(bytes, playout.speaks && !spoke, playout.speaks ? kStreamPayloadType : kComfortNoisePayloadType,
                 playout.sequence++, playout.timestamp, /*ssrc=*/slot + 1);
  packet->data_len = static_cast<uint16_t>(kRtpHeaderBytes + payload_bytes);
  packet->pkt_len = packet->data_len;
  PacketMeta& meta = Meta(packet);
  meta.remote = StreamAddress(line.rate());
  meta.arrival_ns = tick_ns - kArrivalNs;
  meta.leg = slot;
  meta.rtcp = false;
  return packet;
}

void StreamPort::Send(std::span<rte_mbuf*> packets) {
  if (attached_ == 0) return network_.Send(packets);
  size_t others = 0;
  for (rte_mbuf* packet : packets) {
    if (Meta(packet).remote.port == 0 && legs_[Meta(packet).leg].line != nullptr) {
      Deliver(packet);
      rte_pktmbuf_free(packet);
    } else {
      packets[others++] = packet;
    }
  }
  network_.Send(packets.first(others));
}

// A packet as Worker::SendFrame made it; RTCP says nothing to a line.
void StreamPort::Deliver(rte_mbuf* packet) {
  const PacketMeta& meta = Meta(packet);
  AudioLine& line = *legs_[meta.leg].line;
  std::array<int16_t, kSamplesPerFrameMax> frame;
  const size_t samples = line.samples_per_frame();
  if (meta.rtcp || rte_pktmbuf_data_len(packet) != kRtpHeaderBytes + 2 * samples) return;
  DecodeL16(rte_pktmbuf_mtod(packet, const uint8_t*) + kRtpHeaderBytes, frame.data(), samples);
  line.Deliver(std::span(frame).first(samples));
}

StreamEndpoints::StreamEndpoints(Endpoints& network, const StreamPortOptions& options)
    : network_(network), lines_(options.legs_max) {
  for (unsigned worker = 0; worker < options.workers; ++worker) {
    ports_.push_back(std::make_unique<StreamPort>(network_.port(worker), options));
  }
}

absl::StatusOr<Endpoint> StreamEndpoints::Open(LegSlot leg, const SocketAddress& remote, bool rtcp_mux) {
  if (!IsStreamAddress(remote)) return network_.Open(leg, remote, rtcp_mux);
  lines_[leg] = std::make_shared<AudioLine>(static_cast<MixRate>(remote.ip[15]), /*speaks=*/true, counters_);
  Endpoint endpoint;
  endpoint.leg = leg;
  endpoint.rtp = remote;
  endpoint.rtcp = remote;
  endpoint.line = lines_[leg].get();
  return endpoint;
}

void StreamEndpoints::Close(const Endpoint& endpoint) {
  if (endpoint.line == nullptr) return network_.Close(endpoint);
  lines_[endpoint.leg].reset();
}

}  // namespace tutti::mediaplane
