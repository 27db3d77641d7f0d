#include "mediaplane/tap/tap_hub.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/status/status.h"

namespace tutti::mediaplane {
namespace {

// Of one ring in one go, so that who subscribes need not wait for long.
constexpr unsigned kBatch = 256;

constexpr std::array<int16_t, kSamplesPerFrameMax> kSilence = {};

bool Wants(const TapWants& wants, MixRate rate) {
  return rate == MixRate::k8000 ? wants.mix_8000 : rate == MixRate::k16000 && wants.mix_16000;
}

}  // namespace

TapHub::TapHub(SetTap set_tap, std::vector<TapRing*> rings) : set_tap_(std::move(set_tap)), rings_(std::move(rings)) {}

BridgeTap TapHub::Union(const Tapped& tapped) const {
  BridgeTap tap;
  tap.id = tapped.subscribers.empty() ? 0 : tapped.tap.id;
  for (const Subscriber& subscriber : tapped.subscribers) {
    tap.mix_8000 |= subscriber.wants.mix_8000;
    tap.mix_16000 |= subscriber.wants.mix_16000;
    tap.legs |= subscriber.wants.legs;
  }
  return tap;
}

absl::StatusOr<TapHub::Subscription> TapHub::Subscribe(BridgeSlot bridge, const TapWants& wants,
                                                       TapListener& listener) {
  absl::MutexLock lock(&mutex_);
  DrainLocked();
  Tapped& tapped = bridges_[bridge];
  if (tapped.tap.id == 0) {
    if (++last_tap_ == 0) ++last_tap_;
    tapped.tap.id = last_tap_;
  }
  const Subscription subscription = ++last_subscription_;
  tapped.subscribers.push_back({subscription, wants, &listener});
  const BridgeTap tap = Union(tapped);
  if (const absl::Status status = set_tap_(bridge, tap); !status.ok()) {
    tapped.subscribers.pop_back();
    if (tapped.subscribers.empty()) bridges_.erase(bridge);
    return status;
  }
  tapped.tap = tap;
  bridge_of_[subscription] = bridge;
  for (const Presence& who : tapped.members) listener.OnLegJoined(who, tapped.tick_ns + kTickNs);
  return subscription;
}

void TapHub::Unsubscribe(Subscription subscription) {
  const auto it = bridge_of_.find(subscription);
  if (it == bridge_of_.end()) return;
  const BridgeSlot bridge = it->second;
  bridge_of_.erase(it);
  absl::MutexLock lock(&mutex_);
  DrainLocked();
  Tapped& tapped = bridges_[bridge];
  std::erase_if(tapped.subscribers, [&](const Subscriber& s) { return s.subscription == subscription; });
  tapped.tap = Union(tapped);
  // The bridge can't be gone: RemoveBridge would have ended the subscription.
  static_cast<void>(set_tap_(bridge, tapped.tap));
  if (tapped.subscribers.empty()) bridges_.erase(bridge);
}

void TapHub::RemoveBridge(BridgeSlot bridge) {
  std::vector<Subscription> subscriptions;
  for (const auto& [subscription, of] : bridge_of_) {
    if (of == bridge) subscriptions.push_back(subscription);
  }
  for (const Subscription subscription : subscriptions) Unsubscribe(subscription);
}

void TapHub::Drain() {
  // What came while it drains is for the next time.
  std::vector<unsigned> left;
  for (TapRing* ring : rings_) {
    left.push_back(ring->depth());
    if (left.back() > depth_max()) depth_max_.store(left.back(), std::memory_order_relaxed);
  }
  for (size_t r = 0; r < rings_.size(); ++r) {
    while (left[r] > 0) {
      absl::MutexLock lock(&mutex_);
      for (unsigned i = 0; i < kBatch && left[r] > 0; ++i, --left[r]) {
        const TapMessage* message = rings_[r]->Peek();
        // Somebody subscribes, and has told it.
        if (message == nullptr) {
          left[r] = 0;
          break;
        }
        Tell(*message);
        rings_[r]->TakePeeked();
      }
    }
  }
}

void TapHub::DrainLocked() {
  for (TapRing* ring : rings_) {
    for (unsigned left = ring->depth(); left > 0; --left) {
      Tell(*ring->Peek());
      ring->TakePeeked();
    }
  }
}

void TapHub::Tell(const TapMessage& message) {
  const auto it = bridges_.find(message.bridge);
  // Late, of a tap that has ended.
  if (it == bridges_.end() || it->second.tap.id != message.tap) return;
  Tapped& tapped = it->second;
  auto& members = tapped.members;
  switch (message.kind) {
    case TapMessage::Kind::kLegJoined:
      if (std::find(members.begin(), members.end(), message.who) != members.end()) return;
      members.push_back(message.who);
      for (const Subscriber& s : tapped.subscribers) s.listener->OnLegJoined(message.who, message.tick_ns);
      return;
    case TapMessage::Kind::kLegLeft:
      if (std::erase(members, message.who) == 0) return;
      for (const Subscriber& s : tapped.subscribers) s.listener->OnLegLeft(message.who, message.tick_ns);
      return;
    case TapMessage::Kind::kLeg: {
      const std::span samples(message.samples.data(), SamplesPerFrame(message.rate));
      for (const Subscriber& s : tapped.subscribers) {
        if (s.wants.legs) s.listener->OnLeg(message.who, message.rate, message.tick_ns, samples);
      }
      return;
    }
    case TapMessage::Kind::kMix:
    case TapMessage::Kind::kTick:
      break;
  }
  tapped.tick_ns = message.tick_ns;
  const bool silent = message.kind == TapMessage::Kind::kTick;
  const std::span samples(silent ? kSilence.data() : message.samples.data(), SamplesPerFrame(message.rate));
  for (const Subscriber& s : tapped.subscribers) {
    if (Wants(s.wants, message.rate)) s.listener->OnMix(message.rate, message.tick_ns, samples);
    if (message.ends_tick) s.listener->OnTick(message.tick_ns);
  }
}

}  // namespace tutti::mediaplane
