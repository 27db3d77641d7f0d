// A tick: every leg's frame in, the mixes, every leg's packet out.

#include <algorithm>
#include <cstring>

#include "mediaplane/audio/mix.h"
#include "mediaplane/engine/prefetch.h"
#include "mediaplane/engine/worker.h"
#include "mediaplane/rtp/rtp_packet.h"

namespace tutti::mediaplane {
namespace {

// Frames a leg sends at once to catch up after its worker or phase changed.
constexpr int64_t kCatchUpFramesMax = 3;
constexpr std::array<int16_t, kSamplesPerFrameMax> kSilentSamples = {};

}  // namespace

// All legs of the phase in the order in which they are worked on, so that memory
// can be asked for ahead, across bridges.
void Worker::Gather(const Phase& phase) {
  member_count_ = 0;
  const auto gather = [this](LegSlot first) {
    for (LegSlot slot = first; slot != kNoLegSlot; slot = parts_.links[slot].next) members_[member_count_++] = slot;
  };
  for (BridgeSlot b = phase.bridge_first; b != kNoBridgeSlot; b = parts_.bridges[b].next) {
    gather(parts_.bridges[b].leg_first);
  }
  gather(phase.loose_first);
  for (size_t i = 0; i < kPrefetchAhead && i < member_count_; ++i) PrefetchForTick(parts_.legs[members_[i]]);
}

void Worker::TickPhase(Phase& phase, int64_t tick_ns) {
  Gather(phase);
  size_t begin = 0;
  for (BridgeSlot b = phase.bridge_first; b != kNoBridgeSlot; b = parts_.bridges[b].next) {
    Bridge& bridge = parts_.bridges[b];
    TickBridge(bridge, begin, tick_ns);
    begin += bridge.legs;
  }
  TickLoose(begin, tick_ns);
}

// The bridge's legs are the members from `begin` on.
void Worker::TickBridge(Bridge& bridge, size_t begin, int64_t tick_ns) {
  const size_t end = begin + bridge.legs;
  mixer_.Begin(bridge);
  for (size_t i = begin; i < end; ++i) {
    if (i + kPrefetchAhead < member_count_) PrefetchForTick(parts_.legs[members_[i + kPrefetchAhead]]);
    Leg& leg = parts_.legs[members_[i]];
    leg.in_mix = false;
    if (!BeginFrame(members_[i], leg, tick_ns)) continue;
    leg.in_mix = PullFrame(leg, tick_ns);
    if (!leg.in_mix) continue;
    mixer_.Add(leg.rate, leg.own.data());
    // A talker hears a mix of its own: it leaves with the memory that the shared
    // stream had after the last tick.
    if (leg.shares_stream) {
      leg.stream = bridge.g722;
      leg.shares_stream = false;
    }
  }
  mixer_.Finish(phases_[bridge.phase].silence);
  for (size_t i = begin; i < end; ++i) {
    // In a room larger than the cache they have to come again.
    if (i + kPrefetchAhead < end) {
      PrefetchLines(&parts_.legs[members_[i + kPrefetchAhead]], 0, 128);
      rte_prefetch0(&parts_.legs[members_[i + kPrefetchAhead]].figures);
    }
    Leg& leg = parts_.legs[members_[i]];
    if (leg.ticks_due == 0) continue;
    SendMix(members_[i], leg, bridge);
    if (tick_ns >= leg.chores_ns) Chores(members_[i], leg, tick_ns);
  }
}

void Worker::TickLoose(size_t begin, int64_t tick_ns) {
  for (size_t i = begin; i < member_count_; ++i) {
    if (i + kPrefetchAhead < member_count_) PrefetchForTick(parts_.legs[members_[i + kPrefetchAhead]]);
    Leg& leg = parts_.legs[members_[i]];
    if (!BeginFrame(members_[i], leg, tick_ns)) continue;
    // Nobody hears it, but its buffer and decoder go on.
    PullFrame(leg, tick_ns);
    SendSilence(members_[i], leg);
    if (tick_ns >= leg.chores_ns) Chores(members_[i], leg, tick_ns);
  }
}

// Whether the leg has a frame to send and hear in this tick, and what became of
// those before: frames that a late worker skipped are left out, the timestamps
// going on; those that passed while the leg moved are sent as silence.
bool Worker::BeginFrame(LegSlot slot, Leg& leg, int64_t tick_ns) {
  leg.ticks_due = 0;
  int64_t frames = 1;
  if (leg.frame_ns != 0) frames = (tick_ns - leg.frame_ns + kTickNs / 2) / kTickNs;
  // The leg came from a phase just before this one: its next frame is later.
  if (frames < 1) return false;
  leg.frame_ns = leg.frame_ns == 0 ? tick_ns : leg.frame_ns + frames * kTickNs;
  leg.ticks_due = 1;
  if (frames > 1 && leg.moved && frames <= 1 + kCatchUpFramesMax) {
    for (; frames > 1; --frames) {
      PullFrame(leg, tick_ns - (frames - 1) * kTickNs);
      if (leg.shares_stream) {
        leg.stream = parts_.bridges[leg.bridge].g722;
        leg.shares_stream = false;
      }
      SendSilence(slot, leg);
    }
  }
  leg.moved = false;
  if (frames > 1) {
    leg.timestamp += static_cast<uint32_t>(frames - 1) * FormatOf(leg.codec).units_per_frame;
    leg.marker_next = true;
  }
  return true;
}

// One frame out of the buffer, decoded into samples_.
JitterFrame::Kind Worker::DecodeFrame(Leg& leg, int64_t tick_ns, uint64_t& sum_squares) {
  const AudioFormat& format = FormatOf(leg.codec);
  const JitterFrame frame = leg.jitter.Pull(tick_ns);
  sum_squares = 0;
  switch (frame.kind) {
    case JitterFrame::Kind::kAudio:
      leg.decoder.Decode(frame.bytes, samples_.data());
      counters_.frames_decoded.Add(1);
      break;
    case JitterFrame::Kind::kLost:
      leg.decoder.Conceal(samples_.data());
      break;
    case JitterFrame::Kind::kSilence:
      // A leg that has been silent stays so at no cost.
      if (leg.was_silent) return frame.kind;
      leg.decoder.Silence(samples_.data());
      break;
  }
  sum_squares = MeasureLevel(samples_.data(), format.samples_per_frame).sum_squares;
  return frame.kind;
}

// The leg's frame of this tick; true when it is in the mix, with the samples that
// are added in leg.own.
bool Worker::PullFrame(Leg& leg, int64_t tick_ns) {
  const size_t samples = FormatOf(leg.codec).samples_per_frame;
  uint64_t sum_squares = 0;
  JitterFrame::Kind kind = DecodeFrame(leg, tick_ns, sum_squares);
  // A frame thrown away so that the delay comes down; its decoder has heard it.
  if (kind == JitterFrame::Kind::kAudio && leg.jitter.ShouldDrop(!AboveGate(sum_squares, samples))) {
    kind = DecodeFrame(leg, tick_ns, sum_squares);
  }
  if (kind == JitterFrame::Kind::kSilence && leg.was_silent) std::fill_n(samples_.begin(), samples, int16_t{0});
  leg.was_silent = kind == JitterFrame::Kind::kSilence;

  const SpeechGate::State state = leg.gate.Update(sum_squares, samples);
  if (state == SpeechGate::State::kClosed || leg.bridge == kNoBridgeSlot) return false;
  std::copy_n(samples_.begin(), samples, leg.own.begin());
  const size_t fade = FadeSamples(SampleRateHz(leg.rate));
  if (state == SpeechGate::State::kOpening) FadeIn(leg.own.data(), fade);
  if (state == SpeechGate::State::kClosing) FadeOut(leg.own.data(), fade, samples);
  return true;
}

void Worker::SendMix(LegSlot slot, Leg& leg, Bridge& bridge) {
  if (!leg.may_send) return SendFrame(slot, leg, {});
  const AudioFormat& format = FormatOf(leg.codec);
  const bool shared = format.stateless ? !leg.in_mix : leg.shares_stream;
  if (shared) return SendFrame(slot, leg, mixer_.ListenerPayload(leg.codec));

  const int16_t* heard = nullptr;
  if (leg.in_mix) {
    mixer_.MixMinus(leg.rate, leg.own.data(), samples_.data());
    heard = samples_.data();
  } else {
    heard = mixer_.Listener(leg.rate);
  }
  if (format.stateless) {
    mixer_.EncodeStateless(leg.codec, heard, bytes_.data());
    return SendFrame(slot, leg, {bytes_.data(), format.bytes_per_frame});
  }
  const std::span<const uint8_t> payload = EncodeOwn(leg, heard);
  // A listener comes back to what all are sent once that changes nothing.
  leg.shares_stream = !leg.in_mix && leg.stream.SameState(bridge.g722);
  SendFrame(slot, leg, payload);
}

void Worker::SendSilence(LegSlot slot, Leg& leg) {
  const AudioFormat& format = FormatOf(leg.codec);
  if (!leg.may_send) return SendFrame(slot, leg, {});
  if (!format.stateless) return SendFrame(slot, leg, EncodeOwn(leg, kSilentSamples.data()));
  std::fill_n(bytes_.begin(), format.bytes_per_frame, format.silence_byte);
  SendFrame(slot, leg, {bytes_.data(), format.bytes_per_frame});
}

std::span<const uint8_t> Worker::EncodeOwn(Leg& leg, const int16_t* heard) {
  counters_.frames_encoded.Add(leg.stream.Encode(heard, phases_[leg.phase].silence, bytes_.data()));
  return {bytes_.data(), FormatOf(leg.codec).bytes_per_frame};
}

// One RTP packet; without a payload (we may not send) its time passes only.
void Worker::SendFrame(LegSlot slot, Leg& leg, std::span<const uint8_t> payload) {
  const uint32_t timestamp = leg.timestamp;
  leg.timestamp += FormatOf(leg.codec).units_per_frame;
  if (payload.empty()) return;
  rte_mbuf* packet = NewPacket();
  if (packet == nullptr) {
    counters_.drop(EngineDrop::kNoMbuf).Add(1);
    leg.marker_next = true;
    return;
  }
  uint8_t* bytes = rte_pktmbuf_mtod(packet, uint8_t*);
  WriteRtpHeader(bytes, leg.marker_next, leg.payload_type, leg.sequence, timestamp, leg.ssrc);
  std::memcpy(bytes + kRtpHeaderBytes, payload.data(), payload.size());
  const size_t length = kRtpHeaderBytes + payload.size();
  packet->data_len = static_cast<uint16_t>(length);
  packet->pkt_len = static_cast<uint32_t>(length);
  PacketMeta& meta = Meta(packet);
  meta.remote = leg.rtp_to;
  meta.leg = slot;
  meta.rtcp = false;
  ++leg.sequence;
  leg.marker_next = false;
  leg.figures.packets_sent.Add(1);
  leg.figures.bytes_sent.Add(length);
  counters_.rtp_sent.Add(1);
  counters_.rtp_bytes_sent.Add(length);
  Queue(packet);
}

rte_mbuf* Worker::NewPacket() {
  if (spare_count_ == 0) {
    if (rte_pktmbuf_alloc_bulk(parts_.options.packets, spare_.data(), kBurst) != 0) return nullptr;
    spare_count_ = kBurst;
  }
  return spare_[--spare_count_];
}

void Worker::Queue(rte_mbuf* packet) {
  out_[out_count_++] = packet;
  if (out_count_ == out_.size()) Flush();
}

void Worker::Flush() {
  if (out_count_ == 0) return;
  parts_.port->Send(std::span(out_).first(out_count_));
  out_count_ = 0;
}

}  // namespace tutti::mediaplane
