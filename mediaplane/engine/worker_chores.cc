// What is done for a leg every half second, apart from its audio: figures,
// media timeout, RTCP.

#include <algorithm>
#include <string_view>

#include "mediaplane/engine/ntp.h"
#include "mediaplane/engine/worker.h"
#include "mediaplane/rtp/rtcp_packet.h"

namespace tutti::mediaplane {
namespace {

constexpr int64_t kChoresNs = 500'000'000;
// RFC 3550 section 6.2: at least 5 s on average, drawn from half to one and a half
// of it, and compensated (section 6.3.1) for what timer reconsideration would do.
constexpr int64_t kReportNs = 4'104'200'000;
// Comfort noise says that its sender is there and has nothing to say.
constexpr int64_t kComfortNoiseTimeoutNs = 300'000'000'000;

constexpr std::string_view kHexDigits = "0123456789abcdef";

// RFC 7022: random, and the same for the stream's life.
std::string_view WriteCname(uint32_t ssrc, std::array<char, 16>& out) {
  constexpr std::string_view kPrefix = "leg-";
  std::copy(kPrefix.begin(), kPrefix.end(), out.begin());
  for (size_t i = 0; i < 8; ++i) out[kPrefix.size() + i] = kHexDigits[ssrc >> (28 - 4 * i) & 15];
  return {out.data(), kPrefix.size() + 8};
}

uint64_t Grown(uint64_t now, uint64_t before) { return now > before ? now - before : 0; }

}  // namespace

void Worker::Chores(LegSlot slot, Leg& leg, int64_t now_ns) {
  leg.chores_ns = std::max(leg.chores_ns, now_ns - kChoresNs) + kChoresNs;
  Publish(leg);
  CheckMediaTimeout(slot, leg, now_ns);
  if (now_ns >= leg.report_ns) {
    SendReport(slot, leg, now_ns, false);
    const int64_t half = kReportNs / 2;
    leg.report_ns = now_ns + half + static_cast<int64_t>(leg.Random() % static_cast<uint64_t>(kReportNs));
  }
}

void Worker::Publish(Leg& leg) {
  const JitterCounters& jitter = leg.jitter.counters();
  LegFigures now;
  now.packets_lost = leg.receive.packets_lost();
  now.packets_late = jitter.packets_late;
  now.packets_duplicate = jitter.packets_duplicate;
  now.frames_concealed = jitter.frames_concealed;
  now.frames_discarded = jitter.frames_discarded;
  now.jitter_us = leg.receive.jitter_us();
  now.buffer_delay_us = static_cast<uint64_t>(std::max<int64_t>(leg.jitter.delay_us(), 0));
  now.remote_loss_permille = leg.receive.remote_fraction_lost() * 1000u / 256u;
  now.round_trip_us = static_cast<uint64_t>(std::max<int64_t>(leg.receive.round_trip_us(), 0));

  LegFigureCounters& out = leg.figures;
  out.packets_lost.Set(now.packets_lost);
  out.packets_late.Set(now.packets_late);
  out.packets_duplicate.Set(now.packets_duplicate);
  out.frames_concealed.Set(now.frames_concealed);
  out.frames_discarded.Set(now.frames_discarded);
  out.jitter_us.Set(now.jitter_us);
  out.buffer_delay_us.Set(now.buffer_delay_us);
  out.remote_loss_permille.Set(now.remote_loss_permille);
  out.round_trip_us.Set(now.round_trip_us);

  // A late packet can take back a loss; the worker's totals only grow.
  const LegFigures& before = leg.published;
  counters_.packets_lost.Add(Grown(now.packets_lost, before.packets_lost));
  counters_.packets_late.Add(Grown(now.packets_late, before.packets_late));
  counters_.packets_duplicate.Add(Grown(now.packets_duplicate, before.packets_duplicate));
  counters_.frames_concealed.Add(Grown(now.frames_concealed, before.frames_concealed));
  counters_.frames_discarded.Add(Grown(now.frames_discarded, before.frames_discarded));
  now.packets_lost = std::max(now.packets_lost, before.packets_lost);
  leg.published = now;
}

void Worker::CheckMediaTimeout(LegSlot slot, Leg& leg, int64_t now_ns) {
  const bool timed_out = leg.media_timed_out.load(std::memory_order_relaxed);
  const bool applies = leg.may_receive && leg.media_timeout_ns > 0;
  const int64_t limit_ns =
      leg.comfort_noise ? std::max(leg.media_timeout_ns, kComfortNoiseTimeoutNs) : leg.media_timeout_ns;
  const bool silent = applies && now_ns - leg.heard_ns >= limit_ns;
  if (silent == timed_out) return;
  leg.media_timed_out.store(silent, std::memory_order_relaxed);
  if (!silent) return;
  WorkerEvent event;
  event.leg = slot;
  event.generation = leg.generation;
  if (parts_.events->Put(event)) return;
  counters_.events_lost.Add(1);
  events_lost_.store(true, std::memory_order_release);
}

void Worker::SendReport(LegSlot slot, Leg& leg, int64_t now_ns, bool bye) {
  rte_mbuf* packet = NewPacket();
  if (packet == nullptr) {
    counters_.drop(EngineDrop::kNoMbuf).Add(1);
    return;
  }
  const uint64_t sent = leg.figures.packets_sent.Get();
  RtcpSenderInfo sender;
  sender.ntp = NtpOf(now_ns);
  // The next packet's timestamp is of the tick after the one at frame_ns.
  const int64_t since_frame_ns = now_ns - leg.frame_ns - kTickNs;
  sender.rtp_timestamp =
      leg.timestamp + static_cast<uint32_t>(since_frame_ns * FormatOf(leg.codec).clock_rate / 1'000'000'000);
  sender.packets = static_cast<uint32_t>(sent);
  sender.octets = static_cast<uint32_t>(leg.figures.bytes_sent.Get() - sent * 12);
  RtcpReportBlock block;
  std::array<char, 16> cname;
  RtcpToSend report;
  report.ssrc = leg.ssrc;
  // Who sent nothing since the last report is a receiver (RFC 3550 section 6.4).
  if (sent != leg.packets_reported) report.sender_info = &sender;
  if (leg.receive.active()) {
    block = leg.receive.TakeReportBlock(now_ns);
    report.blocks = {&block, 1};
  }
  report.cname = WriteCname(leg.ssrc, cname);
  report.bye = bye;
  leg.packets_reported = sent;
  const size_t length = WriteRtcp(report, {rte_pktmbuf_mtod(packet, uint8_t*), rte_pktmbuf_tailroom(packet)});
  packet->data_len = static_cast<uint16_t>(length);
  packet->pkt_len = static_cast<uint32_t>(length);
  PacketMeta& meta = Meta(packet);
  meta.remote = leg.source.rtcp_destination();
  meta.leg = slot;
  meta.rtcp = true;
  counters_.rtcp_sent.Add(1);
  Queue(packet);
}

}  // namespace tutti::mediaplane
