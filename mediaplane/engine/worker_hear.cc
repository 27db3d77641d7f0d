// Legs that hear something of their own: deaf or on hold, whispered to, played to.

#include <algorithm>

#include "mediaplane/audio/mix.h"
#include "mediaplane/engine/worker.h"

namespace tutti::mediaplane {
namespace {

void Fade(bool in, int32_t* samples, size_t fade, size_t count) {
  const auto end = static_cast<int32_t>(fade);
  for (size_t i = 0; i < fade; ++i) {
    const auto at = static_cast<int32_t>(i);
    samples[i] = static_cast<int32_t>(int64_t{samples[i]} * (in ? at : end - at) / end);
  }
  if (!in) std::fill(samples + fade, samples + count, 0);
}

}  // namespace

bool Worker::Whispers(const Leg& from, LegSlot to_slot, const Leg& to) const {
  const LegReference reference = {to_slot, to.generation};
  return std::find(from.heard_only_by.begin(), from.heard_only_by.end(), reference) != from.heard_only_by.end();
}

// An exclusive leg speaks: those who hear it hear a mix of their own in this tick.
void Worker::Whisper(LegSlot slot, Leg& leg, const Bridge& bridge) {
  whisperers_[whispering_++] = slot;
  const bool low = leg.rate == MixRate::k8000;
  const size_t samples = SamplesPerFrame(leg.rate);
  const size_t other_samples = SamplesPerFrame(low ? MixRate::k16000 : MixRate::k8000);
  if (bridge.rate_legs[low ? 1 : 0] > 0) {
    std::array<int32_t, kSamplesPerFrameMax> other;
    std::copy_n(leg.own.begin(), samples, wide_.begin());
    low ? leg.up.Process(wide_.data(), samples, other.data()) : leg.down.Process(wide_.data(), samples, other.data());
    Limit(other.data(), leg.own_other_rate.data(), other_samples);
  }
  for (const LegReference& to : leg.heard_only_by) {
    if (to.leg >= mine_.size() || mine_[to.leg] == 0) continue;
    Leg& listener = parts_.legs[to.leg];
    if (listener.generation != to.generation || listener.bridge != leg.bridge) continue;
    LeaveSharedStream(listener);
    listener.special |= kWhispered;
  }
}

// Null `bridge`: in none.
void Worker::SendSpecial(LegSlot slot, Leg& leg, Bridge* bridge) {
  const AudioFormat& format = FormatOf(leg.codec);
  const bool room = bridge != nullptr && (leg.special & kUnhearing) == 0;
  const bool hold = bridge != nullptr && leg.settings.on_hold && !bridge->hold.empty();
  const bool whispered = (leg.special & kWhispered) != 0 && room;
  const bool heard_room = leg.hears_room && bridge != nullptr;
  const bool heard_hold = leg.hears_hold && bridge != nullptr && !bridge->hold.empty();
  leg.hears_room = room;
  leg.hears_hold = hold;
  leg.special &= static_cast<uint8_t>(~(kWhispered | kHearingChanges));
  if (hold) bridge->on_hold = true;

  const bool fades = room != heard_room || hold != heard_hold;
  if (!fades && !whispered && !leg.player.active) {
    if (room) return SendMix(slot, leg, *bridge);
    if (!hold) return SendSilence(slot, leg);
    if (format.stateless && leg.may_send) return SendFrame(slot, leg, mixer_.HoldPayload(leg.codec));
  }
  std::fill_n(wide_.begin(), format.samples_per_frame, 0);
  if (bridge != nullptr) AddHeard(slot, leg, *bridge, heard_room, heard_hold);
  if (leg.player.active) AddPlay(leg);
  if (!leg.may_send) return SendFrame(slot, leg, {});
  Limit(wide_.data(), samples_.data(), format.samples_per_frame);
  if (!format.stateless) return SendFrame(slot, leg, EncodeOwn(leg, samples_.data()));
  mixer_.EncodeStateless(leg.codec, samples_.data(), bytes_.data());
  SendFrame(slot, leg, {bytes_.data(), format.bytes_per_frame});
}

// What it hears of its bridge, in wide_; what it heard in the frame before and no
// more fades out, what is new fades in.
void Worker::AddHeard(LegSlot slot, const Leg& leg, const Bridge& bridge, bool heard_room, bool heard_hold) {
  const size_t samples = SamplesPerFrame(leg.rate);
  const size_t fade = FadeSamples(SampleRateHz(leg.rate));
  if (leg.hears_room || heard_room) {
    mixer_.WideMixMinus(leg.rate, leg.in_mix ? leg.own.data() : nullptr, wide_.data());
    if (leg.hears_room) {
      for (size_t i = 0; i < whispering_; ++i) {
        const Leg& from = parts_.legs[whisperers_[i]];
        if (!Whispers(from, slot, leg)) continue;
        AddToSum(from.rate == leg.rate ? from.own.data() : from.own_other_rate.data(), wide_.data(), samples);
      }
    }
    if (leg.hears_room != heard_room) Fade(leg.hears_room, wide_.data(), fade, samples);
  }
  if (leg.hears_hold || heard_hold) {
    const int16_t* frame = bridge.hold.Frame(leg.rate);
    std::array<int32_t, kSamplesPerFrameMax> hold;
    std::copy_n(frame, samples, hold.begin());
    if (leg.hears_hold != heard_hold) Fade(leg.hears_hold, hold.data(), fade, samples);
    AddSums(hold.data(), wide_.data(), samples);
  }
}

void Worker::AddPlay(Leg& leg) {
  leg.player.Render(leg.rate, samples_.data());
  AddToSum(samples_.data(), wide_.data(), SamplesPerFrame(leg.rate));
  if (!leg.player.Advance()) return;
  leg.special &= static_cast<uint8_t>(~kPlays);
  counters_.plays_ended.Add(1);
  leg.play_outcome.Tell(leg.player.number, leg.player.end);
}

}  // namespace tutti::mediaplane
