// Commands of the control thread, and legs handed from worker to worker.

#include <new>

#include "mediaplane/engine/worker.h"

namespace tutti::mediaplane {
namespace {

constexpr int64_t kChoresSpreadNs = 500'000'000;
constexpr int64_t kFirstReportNs = 2'500'000'000;

bool SameSource(const LegMedia& a, const LegMedia& b) {
  return a.remote_rtp == b.remote_rtp && a.remote_rtcp == b.remote_rtcp && a.symmetric == b.symmetric;
}

}  // namespace

void Worker::TakeCommands(int64_t now_ns) {
  for (unsigned i = 0; i < kCommandsPerRound; ++i) {
    if (!stalled_ && !parts_.commands->Take(stalled_command_)) return;
    worked_ = true;
    stalled_ = !CarryOut(stalled_command_, now_ns);
    if (stalled_) return;
    counters_.commands.Add(1);
  }
}

bool Worker::CarryOut(const Command& command, int64_t now_ns) {
  switch (command.kind) {
    case Command::Kind::kStart:
      Start(command, now_ns);
      break;
    case Command::Kind::kUpdate:
      Update(command, now_ns);
      break;
    case Command::Kind::kMove:
      return Move(command);
    case Command::Kind::kRemove:
      Remove(command, now_ns);
      break;
    case Command::Kind::kBridge:
      UpdateBridge(command);
      return true;
  }
  parts_.legs[command.leg].done.store(command.sequence, std::memory_order_release);
  return true;
}

void Worker::Start(const Command& command, int64_t now_ns) {
  Leg& leg = parts_.legs[command.leg];
  const LegMailbox& mailbox = parts_.mailboxes[command.leg];
  leg.endpoint = mailbox.endpoint;
  leg.rtcp_mux = mailbox.endpoint.rtcp == mailbox.endpoint.rtp;
  leg.generation = mailbox.generation;
  leg.ssrc = mailbox.ssrc;
  leg.timestamp = mailbox.first_timestamp;
  leg.sequence = mailbox.first_sequence;
  leg.random = mailbox.seed | 1;
  leg.published = LegFigures();
  leg.packets_reported = 0;
  leg.frame_ns = 0;
  leg.marker_next = true;
  leg.moved = false;
  leg.shares_stream = false;
  leg.receive = ReceiveStatistics();
  new (&leg.jitter) JitterBuffer();
  leg.bridge = kNoBridgeSlot;
  leg.dtmf.Reset();
  leg.digit_active = false;
  leg.player = Player();
  leg.talk.Reset();
  leg.heard = false;
  leg.special = 0;
  leg.attached = command.sequence;
  // Legs that start together do their chores apart.
  leg.chores_ns = now_ns + static_cast<int64_t>(leg.Random() % kChoresSpreadNs);
  leg.report_ns = now_ns + static_cast<int64_t>(leg.Random() % kFirstReportNs);
  Apply(leg, mailbox.media, now_ns, true);
  ApplySettings(leg, mailbox.settings);
  mine_[command.leg] = 1;
  parts_.port->Attach(leg.endpoint, command.phase);
  Link(command.leg, command.bridge, command.phase);
  TapMember(TapMessage::Kind::kLegJoined, command.leg);
}

void Worker::Update(const Command& command, int64_t now_ns) {
  Leg& leg = parts_.legs[command.leg];
  const LegMailbox& mailbox = parts_.mailboxes[command.leg];
  if ((command.what & kWantSettings) != 0) {
    const bool another = mailbox.settings.presence != leg.settings.presence;
    if (another) TapMember(TapMessage::Kind::kLegLeft, command.leg);
    ApplySettings(leg, mailbox.settings);
    if (another) TapMember(TapMessage::Kind::kLegJoined, command.leg);
  }
  if ((command.what & kWantPlay) != 0) {
    leg.player = mailbox.play;
    leg.special |= kPlays;
  }
  if ((command.what & kWantStop) != 0) leg.player.EndSoon(PlayEnd::kStopped);
  if ((command.what & kWantMedia) == 0) return;
  const LegMedia& media = mailbox.media;
  if (media.codec == leg.codec) return Apply(leg, media, now_ns, false);
  // Its codec decides how it is counted in its bridge.
  const BridgeSlot bridge = leg.bridge;
  const unsigned phase = leg.phase;
  Unlink(command.leg);
  Apply(leg, media, now_ns, false);
  Link(command.leg, bridge, phase);
}

void Worker::Apply(Leg& leg, const LegMedia& media, int64_t now_ns, bool anew) {
  const LegMedia before = leg.media;
  leg.media = media;
  if (anew || !SameSource(before, media)) {
    leg.source.Open(media.remote_rtp, media.remote_rtcp, media.symmetric, now_ns);
  }
  leg.rtp_to = leg.source.rtp_destination();
  if (anew || media.codec != before.codec) {
    leg.codec = media.codec;
    leg.rate = FormatOf(media.codec).rate;
    leg.decoder.Reset(media.codec);
    leg.stream.Reset(media.codec);
    leg.jitter.Reset();
    leg.dtmf.Reset();
    leg.digit_active = false;
    leg.gate.Reset();
    leg.in_mix = false;
    leg.up.Reset();
    leg.down.Reset();
    leg.was_silent = false;
    leg.marker_next = true;
  }
  // What was not waited for on hold is waited for from now on.
  if (anew || (media.may_receive && !before.may_receive)) {
    leg.heard_ns = now_ns;
    leg.comfort_noise = false;
  }
  if (media.may_send && !leg.may_send) leg.marker_next = true;
  leg.payload_type = media.payload_type;
  leg.telephone_event_type = media.telephone_event_type;
  leg.may_send = media.may_send;
  leg.may_receive = media.may_receive;
  leg.media_timeout_ns = media.media_timeout_ms * 1'000'000;
}

// Fades follow in the next frame of the bridge that it is in; in none there is
// nothing to fade.
void Worker::ApplySettings(Leg& leg, const LegSettings& settings) {
  const bool list_changes =
      settings.exclusive != leg.settings.exclusive || settings.heard_only_by != leg.settings.heard_only_by;
  const auto set = [&leg](uint8_t bits, bool on) {
    leg.special = static_cast<uint8_t>(on ? leg.special | bits : leg.special & ~bits);
  };
  leg.settings = settings;
  set(kSilenced, settings.muted || settings.on_hold);
  set(kUnhearing, settings.deaf || settings.on_hold);
  set(kHearingChanges, true);
  leg.gain = GainOf(settings.volume_db);
  if (!leg.heard) leg.gain_before = leg.gain;
  set(kGain, leg.gain != kUnityGain || leg.gain_before != kUnityGain);
  if (list_changes) leg.special |= kSwitching;
  if (!leg.heard) Switch(leg);
}

bool Worker::Move(const Command& command) {
  Leg& leg = parts_.legs[command.leg];
  if (command.worker == parts_.index) {
    TapMember(TapMessage::Kind::kLegLeft, command.leg);
    Unlink(command.leg);
    leg.moved = true;
    if (leg.phase != command.phase) parts_.port->Attach(leg.endpoint, command.phase);
    Arrive(command);
    return true;
  }
  if (parts_.handovers_out[command.worker]->full()) return false;
  TapMember(TapMessage::Kind::kLegLeft, command.leg);
  Unlink(command.leg);
  parts_.port->Detach(command.leg);
  mine_[command.leg] = 0;
  leg.moved = true;
  counters_.handovers.Add(1);
  // From here on the leg is the other worker's; it tells the control thread.
  parts_.handovers_out[command.worker]->Put(command);
  return true;
}

// The end of a move, on the worker that the leg goes to.
void Worker::Arrive(const Command& command) {
  Leg& leg = parts_.legs[command.leg];
  if ((command.what & kWantSettings) != 0) ApplySettings(leg, parts_.mailboxes[command.leg].settings);
  leg.attached = command.sequence;
  Link(command.leg, command.bridge, command.phase);
  TapMember(TapMessage::Kind::kLegJoined, command.leg);
  leg.done.store(command.sequence, std::memory_order_release);
}

void Worker::TakeHandovers() {
  for (Ring<Handover>* ring : parts_.handovers_in) {
    Handover handover;
    for (unsigned i = 0; i < kHandoverRingSize && ring->Take(handover); ++i) {
      worked_ = true;
      mine_[handover.leg] = 1;
      parts_.port->Attach(parts_.legs[handover.leg].endpoint, handover.phase);
      Arrive(handover);
    }
  }
}

void Worker::Remove(const Command& command, int64_t now_ns) {
  Leg& leg = parts_.legs[command.leg];
  SendReport(command.leg, leg, now_ns, true);
  TapMember(TapMessage::Kind::kLegLeft, command.leg);
  Unlink(command.leg);
  // Packets that were queued name the leg's endpoint; it must still be attached.
  Flush();
  parts_.port->Detach(command.leg);
  mine_[command.leg] = 0;
  Publish(leg);
}

void Worker::Count(const Leg& leg, Bridge& bridge, int change) {
  const auto add = [change](uint32_t& count) { count = static_cast<uint32_t>(static_cast<int64_t>(count) + change); };
  add(bridge.legs);
  add(bridge.rate_legs[static_cast<size_t>(leg.rate)]);
  if (leg.codec == Codec::kG722) add(bridge.g722_legs);
}

void Worker::Link(LegSlot slot, BridgeSlot bridge_slot, unsigned phase_index) {
  Leg& leg = parts_.legs[slot];
  Phase& phase = phases_[phase_index];
  leg.bridge = bridge_slot;
  leg.phase = static_cast<uint16_t>(phase_index);
  leg.in_mix = false;
  leg.shares_stream = false;
  // Whoever enters a mix fades in.
  leg.gate.Reset();
  leg.heard = false;
  leg.gain_before = leg.gain;
  if ((leg.special & kSwitching) != 0) Switch(leg);
  ++phase.legs;
  if (leg.codec == Codec::kG722) ++phase.g722_legs;
  counters_.legs.Add(1);

  LegSlot* first = &phase.loose_first;
  if (bridge_slot != kNoBridgeSlot) {
    Bridge& bridge = parts_.bridges[bridge_slot];
    first = &bridge.leg_first;
    if (!bridge.linked) LinkBridge(bridge_slot);
    leg.hears_room = (leg.special & kUnhearing) == 0;
    leg.hears_hold = leg.settings.on_hold && !bridge.hold.empty();
    // The first of a codec with memory lends it to the listeners to come. They
    // come out of silence: their decoders take some 60 ms to follow what is being
    // said, and then have it exactly.
    if (leg.codec == Codec::kG722) {
      if (bridge.g722_legs == 0) bridge.g722 = leg.stream;
      leg.shares_stream = bridge.g722_legs == 0 || leg.stream.silent();
    }
    Count(leg, bridge, 1);
  }
  LegLink& link = parts_.links[slot];
  link.next = *first;
  link.previous = kNoLegSlot;
  if (link.next != kNoLegSlot) parts_.links[link.next].previous = slot;
  *first = slot;
}

void Worker::Unlink(LegSlot slot) {
  Leg& leg = parts_.legs[slot];
  Phase& phase = phases_[leg.phase];
  LegLink& link = parts_.links[slot];
  Bridge* bridge = leg.bridge == kNoBridgeSlot ? nullptr : &parts_.bridges[leg.bridge];
  if (link.previous != kNoLegSlot) {
    parts_.links[link.previous].next = link.next;
  } else {
    (bridge != nullptr ? bridge->leg_first : phase.loose_first) = link.next;
  }
  if (link.next != kNoLegSlot) parts_.links[link.next].previous = link.previous;
  --phase.legs;
  if (leg.codec == Codec::kG722) --phase.g722_legs;
  counters_.legs.Set(counters_.legs.Get() - 1);
  if (bridge == nullptr) return;

  LeaveSharedStream(leg);
  Count(leg, *bridge, -1);
  if (leg.talk.Silence()) TellTalking(slot, leg);
  bridge->ForgetUnheard();
  if (bridge->needed() && leg.heard && (leg.special & kExclusive) == 0) AddTailOf(*bridge, leg);
  leg.heard = false;
  if (!bridge->needed()) UnlinkBridge(leg.bridge);
}

}  // namespace tutti::mediaplane
