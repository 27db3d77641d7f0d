// Bridges' settings and taps and what is played, on the control thread.

#include <utility>

#include "absl/strings/str_format.h"
#include "common/status/status.h"
#include "mediaplane/engine/engine_impl.h"

namespace tutti::mediaplane {
namespace {

// A play's number is kept in 32 bits, of which 0 is none.
uint32_t NextNumber(uint32_t& last) {
  if (++last == 0) ++last;
  return last;
}

absl::Status NoBridge(BridgeSlot slot) { return absl::NotFoundError(absl::StrFormat("no bridge in slot %u", slot)); }
absl::Status NoLeg(LegSlot slot) { return absl::NotFoundError(absl::StrFormat("no leg in slot %u", slot)); }

}  // namespace

Player Engine::Impl::MakePlayer(const PlayControl& control) {
  Player player;
  player.sound = SoundView::Of(control.play.sound.get());
  player.number = control.number;
  player.gain = GainOf(control.play.volume_db);
  player.active = true;
  player.loop = control.play.loop;
  player.stop_on_dtmf = control.play.stop_on_dtmf;
  return player;
}

BridgeMailbox::Settings Engine::Impl::MakeSettings(const BridgeSettings& settings) {
  BridgeMailbox::Settings made;
  made.parted = settings.parted;
  made.waiting.sound = SoundView::Of(settings.waiting.get());
  made.hold.sound = SoundView::Of(settings.hold.get());
  return made;
}

absl::Status Engine::Impl::BeginPlay(PlayControl& control, const Play& play) {
  if (play.sound == nullptr || play.volume_db < kVolumeDbMin || play.volume_db > kVolumeDbMax) {
    return absl::InvalidArgumentError("play: no sound, or a volume out of range");
  }
  if (control.state != PlayControl::State::kNone) return absl::FailedPreconditionError("something is played already");
  control.state = PlayControl::State::kWanted;
  control.number = NextNumber(last_play_);
  control.play = play;
  return absl::OkStatus();
}

void Engine::Impl::EndPlay(PlayControl& control, PlayEnd end, LegSlot leg, BridgeSlot bridge,
                           std::vector<EngineEvent>& events) {
  EngineEvent event;
  event.kind = EngineEvent::Kind::kPlayEnded;
  event.leg = leg;
  event.bridge = bridge;
  event.tag = control.play.tag;
  event.end = end == PlayEnd::kStopped && control.target_gone ? PlayEnd::kTargetGone : end;
  events.push_back(event);
  control = PlayControl();
}

absl::Status Engine::Impl::PlayToLeg(LegSlot slot, const Play& play) {
  LegControl* leg = Live(slot);
  if (leg == nullptr || leg->removal_wanted) return NoLeg(slot);
  TUTTI_RETURN_IF_ERROR(RoomFor(*leg));
  TUTTI_RETURN_IF_ERROR(BeginPlay(leg->play, play));
  Pend(slot);
  std::vector<EngineEvent> none;
  if (!leg->in_flight) PostNext(slot, none);
  return absl::OkStatus();
}

absl::Status Engine::Impl::StopLeg(LegSlot slot) {
  LegControl* leg = Live(slot);
  if (leg == nullptr || leg->removal_wanted) return NoLeg(slot);
  if (leg->play.state == PlayControl::State::kNone || leg->play.stop_wanted) return absl::OkStatus();
  leg->play.stop_wanted = true;
  // Posted by Poll, which also tells of a play that was not begun.
  Pend(slot);
  return absl::OkStatus();
}

uint32_t Engine::Impl::FillMailbox(LegSlot slot) {
  LegControl& leg = leg_controls_[slot];
  LegMailbox& mailbox = mailboxes_[slot];
  uint32_t what = 0;
  if (std::exchange(leg.media_wanted, false)) {
    mailbox.media = leg.media;
    what |= kWantMedia;
  }
  if (leg.settings_wanted && leg.bridge == leg.bridge_wanted) {
    leg.settings_wanted = false;
    mailbox.settings = leg.settings;
    what |= kWantSettings;
  }
  if (leg.play.wishes() && leg.play.state == PlayControl::State::kWanted) {
    leg.play.state = PlayControl::State::kPosted;
    mailbox.play = MakePlayer(leg.play);
    playing_legs_.push_back(slot);
    what |= kWantPlay;
  } else if (leg.play.wishes()) {
    leg.play.stop_wanted = false;
    what |= kWantStop;
  }
  return what;
}

absl::Status Engine::Impl::SetBridge(BridgeSlot slot, const BridgeSettings& settings) {
  if (!Usable(slot)) return NoBridge(slot);
  BridgeControl& bridge = bridge_controls_[slot];
  if (bridge.settings == settings) return absl::OkStatus();
  bridge.settings = settings;
  bridge.settings_wanted = true;
  PendBridge(slot);
  return absl::OkStatus();
}

absl::Status Engine::Impl::PlayToBridge(BridgeSlot slot, const Play& play) {
  if (!Usable(slot)) return NoBridge(slot);
  BridgeControl& bridge = bridge_controls_[slot];
  TUTTI_RETURN_IF_ERROR(BeginPlay(bridge.play, play));
  ++bridge.references;
  PendBridge(slot);
  return absl::OkStatus();
}

absl::Status Engine::Impl::StopBridge(BridgeSlot slot) {
  if (!Usable(slot)) return NoBridge(slot);
  BridgeControl& bridge = bridge_controls_[slot];
  if (bridge.play.state == PlayControl::State::kNone || bridge.play.stop_wanted) return absl::OkStatus();
  bridge.play.stop_wanted = true;
  PendBridge(slot);
  return absl::OkStatus();
}

absl::Status Engine::Impl::SetBridgeTap(BridgeSlot slot, const BridgeTap& tap) {
  if (!Usable(slot)) return NoBridge(slot);
  if (options_.tap_ring_size == 0) return absl::FailedPreconditionError("the engine has no ring for taps");
  BridgeControl& bridge = bridge_controls_[slot];
  const BridgeTap wanted = tap.id == 0 ? BridgeTap() : tap;
  if (bridge.tap == wanted) return absl::OkStatus();
  bridge.tap = wanted;
  bridge.tap_wanted = true;
  PendBridge(slot);
  return absl::OkStatus();
}

// Until nothing is wanted of it and nothing is under way, the bridge is held.
void Engine::Impl::PendBridge(BridgeSlot slot) {
  BridgeControl& bridge = bridge_controls_[slot];
  if (!std::exchange(bridge.pending, true)) {
    ++bridge.references;
    pending_bridges_.push_back(slot);
  }
  if (!bridge.in_flight) PostBridge(slot);
}

void Engine::Impl::PostBridge(BridgeSlot slot) {
  BridgeControl& bridge = bridge_controls_[slot];
  const bool begin = bridge.play.wishes() && bridge.play.state == PlayControl::State::kWanted;
  const bool stop = bridge.play.wishes() && !begin;
  if (!bridge.settings_wanted && !bridge.tap_wanted && !begin && !stop) return;
  Ring<Command>& commands = commands_[bridge.place.worker];
  if (commands.full()) return;
  BridgeMailbox& mailbox = bridge_mailboxes_[slot];
  Command command;
  command.kind = Command::Kind::kBridge;
  command.bridge = slot;
  command.sequence = ++bridge.sequence;
  if (std::exchange(bridge.settings_wanted, false)) {
    bridge.posted = bridge.settings;
    mailbox.settings = MakeSettings(bridge.settings);
    command.what |= kWantSettings;
  }
  if (std::exchange(bridge.tap_wanted, false)) {
    mailbox.tap = bridge.tap;
    command.what |= kWantTap;
  }
  if (begin) {
    bridge.play.state = PlayControl::State::kPosted;
    mailbox.play = MakePlayer(bridge.play);
    playing_bridges_.push_back(slot);
    command.what |= kWantPlay;
  }
  if (stop) {
    bridge.play.stop_wanted = false;
    command.what |= kWantStop;
  }
  bridge.in_flight = true;
  commands.Put(command);
}

void Engine::Impl::PollBridges(std::vector<EngineEvent>& events) {
  for (size_t i = 0; i < pending_bridges_.size();) {
    const BridgeSlot slot = pending_bridges_[i];
    BridgeControl& bridge = bridge_controls_[slot];
    if (bridge.in_flight && bridge_mailboxes_[slot].done.load(std::memory_order_acquire) == bridge.sequence) {
      bridge.in_flight = false;
      bridge.on_worker = bridge.posted;
    }
    if (bridge.play.forgone()) {
      EndPlay(bridge.play, PlayEnd::kStopped, kNoLegSlot, slot, events);
      --bridge.references;
    }
    if (!bridge.in_flight) PostBridge(slot);
    if (bridge.in_flight || bridge.settings_wanted || bridge.tap_wanted || bridge.play.wishes()) {
      ++i;
      continue;
    }
    bridge.pending = false;
    pending_bridges_[i] = pending_bridges_.back();
    pending_bridges_.pop_back();
    --bridge.references;
    ReleaseIfUnused(slot);
  }
}

void Engine::Impl::PollPlays(std::vector<EngineEvent>& events) {
  const auto drop = [](auto& slots, size_t i) {
    slots[i] = slots.back();
    slots.pop_back();
  };
  for (size_t i = 0; i < playing_legs_.size();) {
    const LegSlot slot = playing_legs_[i];
    LegControl& leg = leg_controls_[slot];
    if (leg.play.state == PlayControl::State::kPosted) {
      const auto end = legs_[slot].play_outcome.Of(leg.play.number);
      if (!end) {
        ++i;
        continue;
      }
      EndPlay(leg.play, *end, slot, kNoBridgeSlot, events);
    }
    drop(playing_legs_, i);
  }
  for (size_t i = 0; i < playing_bridges_.size();) {
    const BridgeSlot slot = playing_bridges_[i];
    BridgeControl& bridge = bridge_controls_[slot];
    const auto end = bridge_mailboxes_[slot].outcome.Of(bridge.play.number);
    if (!end) {
      ++i;
      continue;
    }
    EndPlay(bridge.play, *end, kNoLegSlot, slot, events);
    drop(playing_bridges_, i);
    --bridge.references;
    ReleaseIfUnused(slot);
  }
}

}  // namespace tutti::mediaplane
