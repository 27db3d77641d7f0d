// What is told of tapped bridges, to who records, streams or transcribes them.

#include <algorithm>
#include <array>
#include <cstring>

#include "mediaplane/engine/worker.h"

namespace tutti::mediaplane {
namespace {

// Places of the ring that samples don't take, so that who comes and goes is told.
constexpr unsigned kMemberPlaces = 64;

constexpr std::array<int16_t, kSamplesPerFrameMax> kSilence = {};

}  // namespace

void Worker::SetTap(BridgeSlot slot, Bridge& bridge, const BridgeTap& tap) {
  const bool begins = tap.id != 0 && tap.id != bridge.tap.id;
  bridge.tap = tap;
  bridge.ForgetUnheard();
  if (bridge.needed() && !bridge.linked) LinkBridge(slot);
  if (!bridge.needed() && bridge.linked) UnlinkBridge(slot);
  if (!begins) return;
  for (LegSlot leg = bridge.leg_first; leg != kNoLegSlot; leg = parts_.links[leg].next) {
    TapMember(TapMessage::Kind::kLegJoined, leg);
  }
}

TapMessage* Worker::BeginTap(BridgeSlot slot, const Bridge& bridge, TapMessage::Kind kind, int64_t tick_ns) {
  const bool member = kind == TapMessage::Kind::kLegJoined || kind == TapMessage::Kind::kLegLeft;
  TapMessage* message = parts_.taps->Claim(member ? 0 : kMemberPlaces);
  if (message == nullptr) {
    counters_.tap_messages_lost.Add(1);
    return nullptr;
  }
  counters_.tap_messages.Add(1);
  message->kind = kind;
  message->rate = MixRate::kCount;
  message->ends_tick = false;
  message->tap = bridge.tap.id;
  message->bridge = slot;
  message->who = Presence();
  message->tick_ns = tick_ns;
  return message;
}

// The leg is in its bridge, or about to leave it.
void Worker::TapMember(TapMessage::Kind kind, LegSlot slot) {
  const Leg& leg = parts_.legs[slot];
  if (leg.bridge == kNoBridgeSlot || parts_.bridges[leg.bridge].tap.id == 0) return;
  const Bridge& bridge = parts_.bridges[leg.bridge];
  // The bridge's next tick.
  const auto phases = static_cast<int64_t>(phases_.size());
  const int64_t tick_slot = next_slot_ + (bridge.phase - next_slot_ % phases + phases) % phases;
  TapMessage* message = BeginTap(leg.bridge, bridge, kind, tick_slot * slot_ns_);
  if (message == nullptr) return;
  message->who = {{slot, leg.generation}, leg.settings.presence};
  parts_.taps->PutClaimed();
}

void Worker::TapLeg(BridgeSlot slot, const Bridge& bridge, LegSlot leg_slot, int64_t tick_ns) {
  TapMessage* message = BeginTap(slot, bridge, TapMessage::Kind::kLeg, tick_ns);
  if (message == nullptr) return;
  const Leg& leg = parts_.legs[leg_slot];
  message->who = {{leg_slot, leg.generation}, leg.settings.presence};
  message->rate = leg.rate;
  std::copy_n(leg.own.begin(), SamplesPerFrame(leg.rate), message->samples.begin());
  parts_.taps->PutClaimed();
}

void Worker::TapTick(BridgeSlot slot, const Bridge& bridge, int64_t tick_ns) {
  for (const MixRate rate : {MixRate::k8000, MixRate::k16000}) {
    if (!bridge.tap.mix(rate)) continue;
    const int16_t* samples = mixer_.Listener(rate);
    const size_t bytes = SamplesPerFrame(rate) * sizeof(int16_t);
    const bool silent = std::memcmp(samples, kSilence.data(), bytes) == 0;
    const TapMessage::Kind kind = silent ? TapMessage::Kind::kTick : TapMessage::Kind::kMix;
    TapMessage* message = BeginTap(slot, bridge, kind, tick_ns);
    if (message == nullptr) continue;
    message->rate = rate;
    message->ends_tick = rate == MixRate::k16000 || !bridge.tap.mix_16000;
    if (!silent) std::memcpy(message->samples.data(), samples, bytes);
    parts_.taps->PutClaimed();
  }
  if (bridge.tap.mix_8000 || bridge.tap.mix_16000) return;
  TapMessage* message = BeginTap(slot, bridge, TapMessage::Kind::kTick, tick_ns);
  if (message == nullptr) return;
  message->ends_tick = true;
  parts_.taps->PutClaimed();
}

}  // namespace tutti::mediaplane
