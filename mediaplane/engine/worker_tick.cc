// A tick: every leg's frame in, the mixes, every leg's packet out.

#include <algorithm>
#include <cstring>

#include "mediaplane/audio/mix.h"
#include "mediaplane/engine/gain.h"
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
  for (BridgeSlot b = phase.bridge_first; b != kNoBridgeSlot;) {
    Bridge& bridge = parts_.bridges[b];
    const BridgeSlot next = bridge.next;
    TickBridge(b, bridge, begin, tick_ns);
    begin += bridge.legs;
    b = next;
  }
  TickLoose(begin, tick_ns);
}

// The bridge's legs are the members from `begin` on.
void Worker::TickBridge(BridgeSlot slot, Bridge& bridge, size_t begin, int64_t tick_ns) {
  const size_t end = begin + bridge.legs;
  mixer_.Begin(bridge);
  whispering_ = 0;
  for (size_t i = begin; i < end; ++i) {
    if (i + kPrefetchAhead < member_count_) PrefetchForTick(parts_.legs[members_[i + kPrefetchAhead]]);
    Leg& leg = parts_.legs[members_[i]];
    leg.in_mix = false;
    if (!BeginFrame(members_[i], leg, tick_ns)) continue;
    if ((leg.special & kHearsSpecial) != 0) [[unlikely]]
      LeaveSharedStream(leg);
    if (!PullFrame(members_[i], leg, &bridge, tick_ns)) continue;
    if ((leg.special & kExclusive) != 0) [[unlikely]] {
      Whisper(members_[i], leg, bridge);
      continue;
    }
    leg.in_mix = true;
    mixer_.Add(leg.rate, leg.own.data());
    if (bridge.tap.legs) [[unlikely]]
      TapLeg(slot, bridge, members_[i], tick_ns);
    LeaveSharedStream(leg);
  }
  if (bridge.tail) [[unlikely]]
    MixTails(bridge);
  if (bridge.sounds()) [[unlikely]]
    MixSounds(bridge);
  mixer_.Finish(phases_[bridge.phase].silence);
  for (size_t i = begin; i < end; ++i) {
    // In a room larger than the cache they have to come again.
    if (i + kPrefetchAhead < end) {
      PrefetchLines(&parts_.legs[members_[i + kPrefetchAhead]], 0, 128);
      rte_prefetch0(&parts_.legs[members_[i + kPrefetchAhead]].figures);
    }
    Leg& leg = parts_.legs[members_[i]];
    if (leg.ticks_due == 0) continue;
    if ((leg.special & kHearsSpecial) != 0) [[unlikely]] {
      SendSpecial(members_[i], leg, &bridge);
    } else {
      SendMix(members_[i], leg, bridge);
    }
    if (tick_ns >= leg.chores_ns) Chores(members_[i], leg, tick_ns);
  }
  if (bridge.tap.id != 0) [[unlikely]]
    TapTick(slot, bridge, tick_ns);
  EndTick(slot, bridge);
}

// A leg that hears a mix of its own (a talker, to begin with) leaves with the
// memory that the shared stream had after the last tick.
void Worker::LeaveSharedStream(Leg& leg) {
  if (!leg.shares_stream) return;
  leg.stream = parts_.bridges[leg.bridge].g722;
  leg.shares_stream = false;
}

void Worker::TickLoose(size_t begin, int64_t tick_ns) {
  for (size_t i = begin; i < member_count_; ++i) {
    if (i + kPrefetchAhead < member_count_) PrefetchForTick(parts_.legs[members_[i + kPrefetchAhead]]);
    Leg& leg = parts_.legs[members_[i]];
    if (!BeginFrame(members_[i], leg, tick_ns)) continue;
    // Nobody hears it, but its buffer and decoder go on.
    PullFrame(members_[i], leg, nullptr, tick_ns);
    if ((leg.special & kHearsSpecial) != 0) [[unlikely]] {
      SendSpecial(members_[i], leg, nullptr);
    } else {
      SendSilence(members_[i], leg);
    }
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
  if (leg.digit_active) [[unlikely]] {
    if (const auto digit = leg.dtmf.Expire(tick_ns)) TellDigit(slot, leg, *digit);
    leg.digit_active = leg.dtmf.active();
  }
  if (frames > 1 && leg.moved && frames <= 1 + kCatchUpFramesMax) {
    for (; frames > 1; --frames) {
      PullFrame(slot, leg, nullptr, tick_ns - (frames - 1) * kTickNs);
      LeaveSharedStream(leg);
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

// This tick's samples in samples_; behind a frame that was thrown away so that the
// delay comes down they begin as that one would have.
JitterFrame::Kind Worker::PullSamples(Leg& leg, int64_t tick_ns, uint64_t& sum_squares) {
  const size_t samples = FormatOf(leg.codec).samples_per_frame;
  JitterFrame::Kind kind = DecodeFrame(leg, tick_ns, sum_squares);
  if (kind != JitterFrame::Kind::kAudio || !leg.jitter.ShouldDrop(!AboveGate(sum_squares, samples))) return kind;
  std::array<int16_t, kTailSamplesMax> dropped;
  const size_t fade = FadeSamples(SampleRateHz(leg.rate));
  std::copy_n(samples_.begin(), fade, dropped.begin());
  kind = DecodeFrame(leg, tick_ns, sum_squares);
  for (size_t i = 0; i < fade; ++i) {
    const int32_t at = static_cast<int32_t>(i), end = static_cast<int32_t>(fade);
    samples_[i] = static_cast<int16_t>((dropped[i] * (end - at) + samples_[i] * at) / end);
  }
  return kind;
}

// The leg's frame of this tick; true when something of it is heard, with its
// samples as they are heard in leg.own. Null `bridge`: by nobody.
bool Worker::PullFrame(LegSlot slot, Leg& leg, const Bridge* bridge, int64_t tick_ns) {
  const size_t samples = FormatOf(leg.codec).samples_per_frame;
  uint64_t sum_squares = 0;
  const JitterFrame::Kind kind = PullSamples(leg, tick_ns, sum_squares);
  if (kind == JitterFrame::Kind::kSilence && leg.was_silent) std::fill_n(samples_.begin(), samples, int16_t{0});
  leg.was_silent = kind == JitterFrame::Kind::kSilence;

  const bool silenced = bridge == nullptr || bridge->parted || (leg.special & kSilenced) != 0;
  if (silenced ? leg.talk.Silence() : leg.talk.Update(sum_squares, samples) != TalkDetector::Change::kNone) {
    TellTalking(slot, leg);
  }
  const SpeechGate::State state = leg.gate.Update(sum_squares, samples);
  const bool open = state == SpeechGate::State::kOpen || state == SpeechGate::State::kOpening;
  const bool heard = open && !silenced && (leg.special & kSwitching) == 0;
  const bool heard_before = leg.heard;
  leg.heard = heard && bridge != nullptr;
  if (!heard && !heard_before) {
    if ((leg.special & kSwitching) != 0) [[unlikely]]
      Switch(leg);
    return false;
  }
  std::copy_n(samples_.begin(), samples, leg.own.begin());
  const size_t fade = FadeSamples(SampleRateHz(leg.rate));
  if ((leg.special & kGain) != 0) [[unlikely]] {
    ApplyGain(leg.gain_before, leg.gain, fade, leg.own.data(), samples);
    leg.gain_before = leg.gain;
    if (leg.gain == kUnityGain) leg.special &= static_cast<uint8_t>(~kGain);
  }
  if (!heard_before) FadeIn(leg.own.data(), fade);
  if (!heard) FadeOut(leg.own.data(), fade, samples);
  return true;
}

// It is silent now: from here on it is heard by others.
void Worker::Switch(Leg& leg) {
  leg.special &= static_cast<uint8_t>(~(kSwitching | kExclusive));
  if (leg.settings.exclusive) leg.special |= kExclusive;
  leg.heard_only_by = leg.settings.heard_only_by;
  leg.up.Reset();
  leg.down.Reset();
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
