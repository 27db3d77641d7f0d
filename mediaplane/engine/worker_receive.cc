// Packets in: from the port to the jitter buffers.

#include "mediaplane/engine/ntp.h"
#include "mediaplane/engine/prefetch.h"
#include "mediaplane/engine/worker.h"
#include "mediaplane/rtp/rtcp_packet.h"
#include "mediaplane/rtp/rtp_packet.h"

namespace tutti::mediaplane {
namespace {

// Bursts that a worker takes in one round of a kernel-UDP phase: what its legs
// send in a tick many times over; a flood waits in its socket and is lost there.
constexpr unsigned kBurstsMax = 16;
constexpr unsigned kLegsPerExtraBurst = 8;

}  // namespace

void Worker::Receive(unsigned phase) {
  std::array<rte_mbuf*, kBurst> packets;
  const unsigned bursts = polling() ? 1 : kBurstsMax + phases_[phase].legs / kLegsPerExtraBurst;
  for (unsigned burst = 0; burst < bursts; ++burst) {
    const unsigned count = parts_.port->Receive(phase, packets);
    if (count == 0) return;
    worked_ = true;
    const auto prefetch = [&](unsigned i) {
      const LegSlot slot = Meta(packets[i]).leg;
      rte_prefetch0(rte_pktmbuf_mtod(packets[i], const void*));
      if (slot < parts_.legs.size()) PrefetchForPacket(parts_.legs[slot]);
    };
    for (unsigned i = 0; i < kPrefetchAhead && i < count; ++i) prefetch(i);
    for (unsigned i = 0; i < count; ++i) {
      if (i + kPrefetchAhead < count) prefetch(i + kPrefetchAhead);
      OnPacket(packets[i]);
    }
    rte_pktmbuf_free_bulk(packets.data(), count);
    if (count < packets.size()) return;
  }
}

void Worker::OnPacket(rte_mbuf* packet) {
  const PacketMeta& meta = Meta(packet);
  if (meta.leg >= mine_.size() || mine_[meta.leg] == 0) {
    counters_.drop(EngineDrop::kUnknownLeg).Add(1);
    return;
  }
  Leg& leg = parts_.legs[meta.leg];
  const std::span<const uint8_t> bytes(rte_pktmbuf_mtod(packet, const uint8_t*), rte_pktmbuf_data_len(packet));
  if (meta.rtcp || (leg.rtcp_mux && IsRtcp(bytes))) {
    OnRtcp(leg, meta, bytes);
  } else {
    OnRtp(meta.leg, leg, meta, bytes);
  }
}

void Worker::Drop(Leg& leg, EngineDrop reason) {
  counters_.drop(reason).Add(1);
  leg.figures.packets_dropped.Add(1);
}

void Worker::OnRtp(LegSlot slot, Leg& leg, const PacketMeta& meta, std::span<const uint8_t> bytes) {
  if (!leg.may_receive) return Drop(leg, EngineDrop::kDirection);
  const SourceRule::Verdict verdict = leg.source.Judge(meta.remote, meta.arrival_ns);
  if (verdict == SourceRule::Verdict::kRefuse) return Drop(leg, EngineDrop::kWrongSource);
  RtpPacket packet;
  if (ParseRtp(bytes, packet) != RtpError::kNone) return Drop(leg, EngineDrop::kRtpMalformed);
  const bool audio = packet.payload_type == leg.payload_type;
  const bool comfort_noise = packet.payload_type == kComfortNoisePayloadType && !audio;
  const bool event = packet.payload_type == leg.telephone_event_type && !audio && !comfort_noise;
  if (!audio && !comfort_noise && !event) return Drop(leg, EngineDrop::kPayloadUnknown);

  if (verdict == SourceRule::Verdict::kLatch) {
    leg.source.Latch(meta.remote);
    leg.rtp_to = leg.source.rtp_destination();
    counters_.source_changes.Add(1);
  }
  leg.source.Heard(meta.arrival_ns);
  leg.heard_ns = meta.arrival_ns;
  leg.comfort_noise = comfort_noise;
  leg.figures.packets_received.Add(1);
  leg.figures.bytes_received.Add(bytes.size());
  counters_.rtp_received.Add(1);
  counters_.rtp_bytes_received.Add(bytes.size());
  leg.receive.OnRtp(packet, meta.arrival_ns, audio ? FormatOf(leg.codec).clock_rate : 0);
  if (audio) return OnAudio(leg, packet, meta.arrival_ns);
  leg.jitter.InsertNonAudio(packet, meta.arrival_ns);
  if (event) return OnTelephoneEvent(slot, leg, packet, meta.arrival_ns);
  counters_.comfort_noise_received.Add(1);
}

void Worker::OnTelephoneEvent(LegSlot slot, Leg& leg, const RtpPacket& packet, int64_t arrival_ns) {
  counters_.telephone_events_received.Add(1);
  DtmfReceiver::News news;
  leg.dtmf.OnPacket(packet, arrival_ns, news);
  for (size_t i = 0; i < news.ended; ++i) TellDigit(slot, leg, news.digits[i]);
  leg.digit_active = leg.dtmf.active();
  if (news.began && leg.player.stop_on_dtmf) leg.player.EndSoon(PlayEnd::kDtmf);
}

void Worker::TellDigit(LegSlot slot, const Leg& leg, const DtmfReceiver::Digit& digit) {
  counters_.digits_received.Add(1);
  LiveEvent event;
  event.kind = LiveEvent::Kind::kDtmf;
  event.leg = slot;
  event.generation = leg.generation;
  event.digit = digit.digit;
  event.duration_ms = static_cast<uint32_t>(uint64_t{digit.duration} * 1000 / FormatOf(leg.codec).clock_rate);
  if (parts_.live_events->Put(event)) return;
  counters_.digits_lost.Add(1);
}

// The control thread reads the leg's state; all that can be lost is that it looks.
void Worker::TellTalking(LegSlot slot, Leg& leg) {
  leg.talk_state.store(leg.attached << 1 | (leg.talk.talking() ? 1 : 0), std::memory_order_release);
  LiveEvent event;
  event.kind = LiveEvent::Kind::kTalking;
  event.leg = slot;
  event.generation = leg.generation;
  if (!parts_.live_events->Put(event)) live_events_lost_.store(true, std::memory_order_release);
}

void Worker::OnAudio(Leg& leg, const RtpPacket& packet, int64_t arrival_ns) {
  switch (leg.jitter.Insert(packet, leg.codec, arrival_ns)) {
    case JitterInsert::kLate:
      counters_.drop(EngineDrop::kJitterLate).Add(1);
      break;
    case JitterInsert::kDuplicate:
      counters_.drop(EngineDrop::kJitterDuplicate).Add(1);
      break;
    case JitterInsert::kOldSource:
    case JitterInsert::kStray:
    case JitterInsert::kMalformed:
    case JitterInsert::kOverflow:
      counters_.drop(EngineDrop::kJitterRefused).Add(1);
      break;
    default:
      break;
  }
}

void Worker::OnRtcp(Leg& leg, const PacketMeta& meta, std::span<const uint8_t> bytes) {
  if (!leg.source.AcceptsRtcp(meta.remote)) return Drop(leg, EngineDrop::kRtcpWrongSource);
  RtcpReport report;
  if (ParseRtcp(bytes, report) != RtcpError::kNone) return Drop(leg, EngineDrop::kRtcpMalformed);
  counters_.rtcp_received.Add(1);
  leg.heard_ns = meta.arrival_ns;
  if (report.has_sender_info) leg.receive.OnSenderReport(report.sender_ssrc, report.sender_info.ntp, meta.arrival_ns);
  if (const RtcpReportBlock* block = report.BlockAbout(leg.ssrc)) {
    leg.receive.OnReportBlock(*block, NtpOf(meta.arrival_ns));
  }
  // It ends the stream, never the leg.
  if (leg.receive.active() && report.SaysBye(leg.receive.ssrc())) leg.jitter.Reset();
}

}  // namespace tutti::mediaplane
