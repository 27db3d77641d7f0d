// Bridges on their worker: settings, and what is in a mix beside its legs.

#include <algorithm>

#include "mediaplane/audio/mix.h"
#include "mediaplane/engine/gain.h"
#include "mediaplane/engine/worker.h"

namespace tutti::mediaplane {

void Worker::UpdateBridge(const Command& command) {
  Bridge& bridge = parts_.bridges[command.bridge];
  BridgeMailbox& mailbox = parts_.bridge_mailboxes[command.bridge];
  if ((command.what & kWantSettings) != 0) Apply(bridge, mailbox.settings);
  if ((command.what & kWantPlay) != 0) {
    bridge.play = mailbox.play;
    bridge.playing = true;
    if (!bridge.linked) LinkBridge(command.bridge);
  }
  if ((command.what & kWantTap) != 0) SetTap(command.bridge, bridge, mailbox.tap);
  if ((command.what & kWantStop) != 0) bridge.play.EndSoon(PlayEnd::kStopped);
  // From here on the sounds that it had before may go.
  mailbox.done.store(command.sequence, std::memory_order_release);
}

void Worker::Apply(Bridge& bridge, const BridgeMailbox::Settings& settings) {
  const bool sounded = bridge.parted && !bridge.waiting.empty();
  const bool same = settings.waiting.sound == bridge.waiting.sound;
  const bool heard = bridge.heard(MixRate::k8000) || bridge.heard(MixRate::k16000);
  if (sounded && heard && !(settings.parted && same)) {
    // Its last frame, here and now: its memory may not be there in the next tick.
    const MixRate rate = bridge.heard(MixRate::k16000) ? MixRate::k16000 : MixRate::k8000;
    std::copy_n(bridge.waiting.Frame(rate), SamplesPerFrame(rate), samples_.begin());
    FadeOut(samples_.data(), FadeSamples(SampleRateHz(rate)), SamplesPerFrame(rate));
    AddTail(bridge, rate, samples_.data());
  }
  if (!settings.parted || !bridge.parted || !same) bridge.waiting = settings.waiting;
  if (!(settings.hold.sound == bridge.hold.sound)) bridge.hold = settings.hold;
  bridge.parted = settings.parted;
}

void Worker::LinkBridge(BridgeSlot slot) {
  Bridge& bridge = parts_.bridges[slot];
  Phase& phase = phases_[bridge.phase];
  bridge.linked = true;
  bridge.next = phase.bridge_first;
  bridge.previous = kNoBridgeSlot;
  if (bridge.next != kNoBridgeSlot) parts_.bridges[bridge.next].previous = slot;
  phase.bridge_first = slot;
  counters_.bridges.Add(1);
}

void Worker::UnlinkBridge(BridgeSlot slot) {
  Bridge& bridge = parts_.bridges[slot];
  if (bridge.previous != kNoBridgeSlot) {
    parts_.bridges[bridge.previous].next = bridge.next;
  } else {
    phases_[bridge.phase].bridge_first = bridge.next;
  }
  if (bridge.next != kNoBridgeSlot) parts_.bridges[bridge.next].previous = bridge.previous;
  bridge.linked = false;
  bridge.tail = false;
  bridge.waiting.next = 0;
  bridge.hold.next = 0;
  for (auto& tail : bridge.tails) tail.fill(0);
  counters_.bridges.Set(counters_.bridges.Get() - 1);
}

// What leaves the mix fades in the first 5 ms of the next frame. `faded` is a
// frame that is silent after them. Where nobody is left who hears this rate it
// goes on in the other one, roughly: it is 5 ms.
void Worker::AddTail(Bridge& bridge, MixRate rate, const int16_t* faded) {
  bridge.tail = true;
  const bool low = rate == MixRate::k8000;
  const MixRate other = low ? MixRate::k16000 : MixRate::k8000;
  const bool direct = bridge.heard(rate);
  auto& tail = bridge.tails[static_cast<size_t>(direct ? rate : other)];
  const size_t samples = FadeSamples(SampleRateHz(direct ? rate : other));
  for (size_t i = 0; i < samples; ++i) tail[i] += faded[direct ? i : low ? i / 2 : i * 2];
}

// The next frame of a leg in the mix, as concealment would make it up.
void Worker::AddTailOf(Bridge& bridge, const Leg& leg) {
  const size_t samples = SamplesPerFrame(leg.rate);
  const size_t fade = FadeSamples(SampleRateHz(leg.rate));
  Decoder decoder = leg.decoder;  // its own goes on elsewhere
  decoder.Conceal(samples_.data());
  if ((leg.special & kGain) != 0) ApplyGain(leg.gain_before, leg.gain_before, 0, samples_.data(), samples);
  FadeOut(samples_.data(), fade, samples);
  AddTail(bridge, leg.rate, samples_.data());
}

void Worker::MixTails(Bridge& bridge) {
  for (const MixRate rate : {MixRate::k8000, MixRate::k16000}) {
    auto& tail = bridge.tails[static_cast<size_t>(rate)];
    mixer_.AddTail(rate, tail.data(), FadeSamples(SampleRateHz(rate)));
    tail.fill(0);
  }
  bridge.tail = false;
}

void Worker::MixSounds(Bridge& bridge) {
  if (bridge.parted && !bridge.waiting.empty()) {
    for (const MixRate rate : {MixRate::k8000, MixRate::k16000}) {
      std::copy_n(bridge.waiting.Frame(rate), SamplesPerFrame(rate), mixer_.SoundSamples(rate));
    }
    mixer_.AddSound();
    bridge.waiting.Advance();
  }
  if (bridge.playing) {
    for (const MixRate rate : {MixRate::k8000, MixRate::k16000}) bridge.play.Render(rate, mixer_.SoundSamples(rate));
    mixer_.AddSound();
  }
}

void Worker::EndTick(BridgeSlot slot, Bridge& bridge) {
  if (bridge.on_hold) [[unlikely]] {
    bridge.on_hold = false;
    bridge.held = true;
    bridge.hold.Advance();
  } else if (bridge.held) {
    bridge.held = false;
    bridge.hold.next = 0;
  }
  if (!bridge.playing) [[likely]]
    return;
  if (!bridge.play.Advance()) return;
  bridge.playing = false;
  counters_.plays_ended.Add(1);
  const uint32_t number = bridge.play.number;
  const PlayEnd end = bridge.play.end;
  if (!bridge.needed()) UnlinkBridge(slot);
  // The bridge may be another one's from here on.
  parts_.bridge_mailboxes[slot].outcome.Tell(number, end);
}

}  // namespace tutti::mediaplane
