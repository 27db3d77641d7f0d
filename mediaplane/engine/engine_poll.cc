// What the workers have done, as the control thread sees it, and what is posted next.

#include <utility>

#include "mediaplane/engine/engine_impl.h"

namespace tutti::mediaplane {

// Posts the next command that the leg's wishes need, if its worker's ring has
// room; a new attachment to the bridge it is in needs none.
void Engine::Impl::PostNext(LegSlot slot, std::vector<EngineEvent>& events) {
  LegControl& leg = leg_controls_[slot];
  if (leg.removal_wanted) {
    Post(slot, Command::Kind::kRemove, kNoBridgeSlot, leg.place, 0);
    return;
  }
  if (leg.media_wanted || leg.play.wishes() || (leg.settings_wanted && leg.bridge == leg.bridge_wanted)) {
    if (commands_[leg.place.worker].full()) return;
    const uint32_t what = FillMailbox(slot);
    Post(slot, Command::Kind::kUpdate, kNoBridgeSlot, leg.place, 0, what);
    return;
  }
  if (leg.bridge != leg.bridge_wanted) {
    Place target = leg.place;
    if (leg.bridge_wanted != kNoBridgeSlot) {
      target = bridge_controls_[leg.bridge_wanted].place;
    } else {
      target.phase = placement_.ChoosePhase(target.worker);
    }
    if (commands_[leg.place.worker].full()) return;
    mailboxes_[slot].settings = leg.settings;
    const uint32_t what = std::exchange(leg.settings_wanted, false) ? kWantSettings : 0;
    Post(slot, Command::Kind::kMove, leg.bridge_wanted, target, leg.tag_wanted, what);
    placement_.RemoveLeg(leg.place);
    placement_.AddLeg(target);
    // The command has gone to the old worker; the next one finds the leg at the new.
    leg.place = target;
    return;
  }
  if (leg.tag != leg.tag_wanted) {
    const BridgeSlot bridge = leg.bridge;
    if (bridge != kNoBridgeSlot) {
      Leave(slot, events);
      Join(slot, bridge, leg.tag_wanted, events);
    }
    leg.tag = leg.tag_wanted;
  }
}

void Engine::Impl::Leave(LegSlot slot, std::vector<EngineEvent>& events) {
  LegControl& leg = leg_controls_[slot];
  if (leg.bridge == kNoBridgeSlot) return;
  EngineEvent event;
  event.leg = slot;
  event.bridge = leg.bridge;
  if (std::exchange(leg.talking, false)) {
    event.kind = EngineEvent::Kind::kLegTalking;
    events.push_back(event);
  }
  event.kind = EngineEvent::Kind::kLegLeft;
  event.tag = leg.tag;
  events.push_back(event);
  --bridge_controls_[leg.bridge].legs;
  Refer(leg.bridge, kNoBridgeSlot);
}

void Engine::Impl::Join(LegSlot slot, BridgeSlot bridge, uint64_t tag, std::vector<EngineEvent>& events) {
  LegControl& leg = leg_controls_[slot];
  leg.tag = tag;
  if (bridge == kNoBridgeSlot) return;
  Refer(leg.bridge, bridge);
  ++bridge_controls_[bridge].legs;
  EngineEvent event;
  event.kind = EngineEvent::Kind::kLegJoined;
  event.leg = slot;
  event.bridge = bridge;
  event.tag = tag;
  events.push_back(event);
  TellTalking(slot, events);
}

// Tells whether the leg talks, as its worker has it of this attachment, where that
// is news.
void Engine::Impl::TellTalking(LegSlot slot, std::vector<EngineEvent>& events) {
  LegControl& leg = leg_controls_[slot];
  if (!leg.live || leg.bridge == kNoBridgeSlot) return;
  const uint32_t state = legs_[slot].talk_state.load(std::memory_order_acquire);
  const bool talking = (state & 1) != 0 && state >> 1 == leg.attached << 1 >> 1;
  if (talking == leg.talking) return;
  leg.talking = talking;
  EngineEvent event;
  event.kind = EngineEvent::Kind::kLegTalking;
  event.leg = slot;
  event.bridge = leg.bridge;
  event.talking = talking;
  events.push_back(event);
}

// The leg's command has been carried out.
void Engine::Impl::Complete(LegSlot slot, std::vector<EngineEvent>& events) {
  LegControl& leg = leg_controls_[slot];
  leg.in_flight = false;
  switch (leg.flight_kind) {
    case Command::Kind::kUpdate:
    case Command::Kind::kBridge:
      break;
    case Command::Kind::kStart:
    case Command::Kind::kMove:
      if (leg.bridge != kNoBridgeSlot) Leave(slot, events);
      leg.attached = leg.sequence;
      Join(slot, leg.flight_bridge, leg.flight_tag, events);
      Refer(leg.flight_bridge, kNoBridgeSlot);
      break;
    case Command::Kind::kRemove: {
      Leave(slot, events);
      if (leg.play.state != PlayControl::State::kNone) {
        EndPlay(leg.play, PlayEnd::kTargetGone, slot, kNoBridgeSlot, events);
      }
      Refer(leg.bridge_wanted, kNoBridgeSlot);
      endpoints_.Close(leg.endpoint);
      placement_.RemoveLeg(leg.place);
      EngineEvent event;
      event.kind = EngineEvent::Kind::kLegRemoved;
      event.leg = slot;
      event.tag = leg.removal_tag;
      event.figures = legs_[slot].figures.Read();
      events.push_back(event);
      leg.live = false;
      leg.removal_wanted = false;
      leg.media_wanted = false;
      leg.settings_wanted = false;
      leg.tag = leg.tag_wanted;
      free_legs_.push_back(slot);
      break;
    }
  }
}

void Engine::Impl::ReadWorkerEvents(std::vector<EngineEvent>& events) {
  for (unsigned w = 0; w < options_.workers; ++w) {
    WorkerEvent message;
    // No more than a ring of them a call, though the worker may go on adding.
    for (unsigned i = 0; i < kEventRingSize && worker_events_[w].Take(message); ++i) {
      const LegControl& leg = leg_controls_[message.leg];
      if (!leg.live || leg.generation != message.generation) continue;
      EngineEvent event;
      event.kind = EngineEvent::Kind::kLegMediaTimeout;
      event.leg = message.leg;
      events.push_back(event);
    }
    if (workers_[w]->events_lost().exchange(false, std::memory_order_acq_rel)) events.push_back(EngineEvent());
  }
}

void Engine::Impl::ReadLiveEvents(std::vector<EngineEvent>& events) {
  for (unsigned w = 0; w < options_.workers; ++w) {
    LiveEvent message;
    for (unsigned i = 0; i < kEventRingSize && live_events_[w].Take(message); ++i) {
      const LegControl& leg = leg_controls_[message.leg];
      if (!leg.live || leg.generation != message.generation) continue;
      if (message.kind == LiveEvent::Kind::kTalking) {
        TellTalking(message.leg, events);
        continue;
      }
      EngineEvent event;
      event.kind = EngineEvent::Kind::kLegDtmf;
      event.leg = message.leg;
      event.digit = message.digit;
      event.duration_ms = message.duration_ms;
      events.push_back(event);
    }
    if (workers_[w]->live_events_lost().exchange(false, std::memory_order_acq_rel)) {
      for (LegSlot i = 0; i < leg_controls_.size(); ++i) TellTalking(i, events);
    }
    const uint64_t lost = workers_[w]->counters().digits_lost.Get();
    if (lost == digits_lost_[w]) continue;
    EngineEvent event;
    event.kind = EngineEvent::Kind::kDtmfLost;
    event.tag = lost - std::exchange(digits_lost_[w], lost);
    events.push_back(event);
  }
}

void Engine::Impl::Poll(std::vector<EngineEvent>& events) {
  // Before the commands: what a leg said comes before its removal.
  ReadWorkerEvents(events);
  ReadLiveEvents(events);
  PollPlays(events);
  PollBridges(events);
  for (size_t i = 0; i < pending_.size();) {
    const LegSlot slot = pending_[i];
    LegControl& leg = leg_controls_[slot];
    if (leg.in_flight && legs_[slot].done.load(std::memory_order_acquire) == leg.sequence) {
      Complete(slot, events);
    }
    if (leg.live && leg.play.forgone()) EndPlay(leg.play, PlayEnd::kStopped, slot, kNoBridgeSlot, events);
    if (leg.live && !leg.in_flight) PostNext(slot, events);
    if (!leg.live || Idle(leg)) {
      leg.pending = false;
      pending_[i] = pending_.back();
      pending_.pop_back();
    } else {
      ++i;
    }
  }
}

}  // namespace tutti::mediaplane
