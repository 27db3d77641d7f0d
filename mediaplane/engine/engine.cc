#include "mediaplane/engine/engine.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "common/status/status.h"
#include "mediaplane/engine/engine_impl.h"

namespace tutti::mediaplane {
namespace {

constexpr unsigned kWorkersMax = 32;
constexpr uint32_t kSlotsMax = 1'000'000;
constexpr unsigned kTapRingSizeMax = 1'000'000;
constexpr const char* kBusy = "MEDIA_NODE_BUSY";

absl::Status Busy(const std::string& message) { return Error(absl::StatusCode::kResourceExhausted, kBusy, message); }

absl::Status CheckOptions(const EngineOptions& options) {
  const auto refuse = [](const char* what) { return absl::InvalidArgumentError(absl::StrFormat("engine: %s", what)); };
  if (options.workers < 1 || options.workers > kWorkersMax) return refuse("workers must be 1-32");
  if (options.legs_max < 1 || options.legs_max > kSlotsMax) return refuse("legs_max must be 1-1000000");
  if (options.bridges_max < 1 || options.bridges_max > kSlotsMax) return refuse("bridges_max must be 1-1000000");
  if (options.phases < 1 || 20 % options.phases != 0) return refuse("phases must divide 20");
  if (options.tap_ring_size > kTapRingSizeMax) return refuse("tap_ring_size must be 0-1000000");
  if (options.packets == nullptr) return refuse("no packet pool");
  if (!options.random) return refuse("no source of randomness");
  return absl::OkStatus();
}

}  // namespace

absl::Status Engine::Impl::Allocate() {
  const auto short_of = [](const char* what) {
    return absl::ResourceExhaustedError(absl::StrFormat("engine: no memory for %s", what));
  };
  const uint32_t legs_max = options_.legs_max;
  if (!legs_.Allocate(legs_max) || !mailboxes_.Allocate(legs_max) || !links_.Allocate(legs_max)) {
    return short_of("legs");
  }
  if (!bridges_.Allocate(options_.bridges_max) || !bridge_mailboxes_.Allocate(options_.bridges_max)) {
    return short_of("bridges");
  }
  leg_controls_.resize(options_.legs_max);
  bridge_controls_.resize(options_.bridges_max);
  // The lowest slot is given out first.
  for (uint32_t i = options_.legs_max; i > 0; --i) free_legs_.push_back(i - 1);
  for (uint32_t i = options_.bridges_max; i > 0; --i) free_bridges_.push_back(i - 1);
  pending_.reserve(options_.legs_max);

  const unsigned workers = options_.workers;
  commands_.resize(workers);
  worker_events_.resize(workers);
  live_events_.resize(workers);
  digits_lost_.resize(workers);
  taps_.resize(workers);
  handovers_.resize(size_t{workers} * workers);
  for (unsigned w = 0; w < workers; ++w) {
    if (!commands_[w].Allocate(kCommandRingSize) || !worker_events_[w].Allocate(kEventRingSize) ||
        !live_events_[w].Allocate(kEventRingSize) ||
        (options_.tap_ring_size > 0 && !taps_[w].Allocate(options_.tap_ring_size))) {
      return short_of("rings");
    }
    for (unsigned to = 0; to < workers; ++to) {
      if (!handovers_[w * workers + to].Allocate(kHandoverRingSize)) return short_of("rings");
    }
  }
  for (unsigned w = 0; w < workers; ++w) {
    Worker::Parts parts;
    parts.index = w;
    parts.options = options_;
    parts.port = &endpoints_.port(w);
    parts.legs = legs_.items();
    parts.mailboxes = mailboxes_.items();
    parts.links = links_.items();
    parts.bridges = bridges_.items();
    parts.bridge_mailboxes = bridge_mailboxes_.items();
    parts.commands = &commands_[w];
    parts.events = &worker_events_[w];
    parts.live_events = &live_events_[w];
    parts.taps = &taps_[w];
    for (unsigned other = 0; other < workers; ++other) {
      parts.handovers_in.push_back(&handovers_[other * workers + w]);
      parts.handovers_out.push_back(&handovers_[w * workers + other]);
    }
    workers_.push_back(std::make_unique<Worker>(std::move(parts)));
  }
  return absl::OkStatus();
}

// Room for one more command, unless the wish has to wait for another one anyway.
absl::Status Engine::Impl::RoomFor(const LegControl& leg) const {
  if (leg.in_flight || !commands_[leg.place.worker].full()) return absl::OkStatus();
  return Busy(absl::StrFormat("the command ring of media worker %d is full", leg.place.worker));
}

void Engine::Impl::Refer(BridgeSlot& reference, BridgeSlot bridge) {
  const BridgeSlot before = std::exchange(reference, bridge);
  if (bridge != kNoBridgeSlot) ++bridge_controls_[bridge].references;
  if (before != kNoBridgeSlot) {
    --bridge_controls_[before].references;
    ReleaseIfUnused(before);
  }
}

void Engine::Impl::ReleaseIfUnused(BridgeSlot slot) {
  BridgeControl& bridge = bridge_controls_[slot];
  if (!bridge.live || !bridge.removal_wanted || bridge.references > 0) return;
  placement_.RemoveBridge(bridge.place);
  const uint32_t sequence = bridge.sequence;  // goes on: the slot's next owner has another
  bridge = BridgeControl();
  bridge.sequence = sequence;
  free_bridges_.push_back(slot);
}

void Engine::Impl::Pend(LegSlot slot) {
  if (std::exchange(leg_controls_[slot].pending, true)) return;
  pending_.push_back(slot);
}

// Posts a command to the worker where the leg lives; false when its ring is full.
bool Engine::Impl::Post(LegSlot slot, Command::Kind kind, BridgeSlot bridge, const Place& place, uint64_t tag,
                        uint32_t what) {
  LegControl& leg = leg_controls_[slot];
  Command command;
  command.what = what;
  command.kind = kind;
  command.leg = slot;
  command.bridge = bridge;
  command.sequence = leg.sequence + 1;
  command.worker = place.worker;
  command.phase = place.phase;
  if (!commands_[leg.place.worker].Put(command)) return false;
  ++leg.sequence;
  leg.in_flight = true;
  leg.flight_kind = kind;
  leg.flight_tag = tag;
  Refer(leg.flight_bridge, bridge);
  Pend(slot);
  return true;
}

absl::StatusOr<AddedLeg> Engine::Impl::AddLeg(const LegMedia& media, bool rtcp_mux, BridgeSlot bridge, uint64_t tag,
                                              const LegSettings& settings) {
  if (bridge != kNoBridgeSlot && !Usable(bridge)) {
    return Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND", "the bridge is gone");
  }
  if (media.codec == Codec::kNone || media.codec >= Codec::kCount)
    return absl::InvalidArgumentError("leg without codec");
  if (free_legs_.empty()) return Busy(absl::StrFormat("all %u legs of the media node are in use", options_.legs_max));
  Place place;
  if (bridge != kNoBridgeSlot) {
    place = bridge_controls_[bridge].place;
    if (Overloaded(place.worker)) return Busy("the bridge's media worker is too busy for another leg");
  } else if (!placement_.Choose([this](unsigned w) { return !Overloaded(w) && !commands_[w].full(); }, place)) {
    return Busy("every media worker is too busy for another leg");
  }
  if (commands_[place.worker].full()) {
    return Busy(absl::StrFormat("the command ring of media worker %d is full", place.worker));
  }
  const LegSlot slot = free_legs_.back();
  TUTTI_ASSIGN_OR_RETURN(const Endpoint endpoint, endpoints_.Open(slot, media.remote_rtp, rtcp_mux));
  free_legs_.pop_back();

  LegControl& leg = leg_controls_[slot];
  const uint32_t generation = leg.generation + 1;
  const uint32_t sequence = leg.sequence;  // goes on: the slot's last owner had another
  leg = LegControl();
  leg.live = true;
  leg.generation = generation;
  leg.sequence = sequence;
  leg.endpoint = endpoint;
  leg.media = media;
  leg.settings = settings;
  leg.place = place;
  placement_.AddLeg(place);
  // No worker owns the slot now, and GetLeg may come before one does.
  legs_[slot].figures.Clear();
  legs_[slot].media_timed_out.store(false, std::memory_order_relaxed);
  LegMailbox& mailbox = mailboxes_[slot];
  mailbox.endpoint = endpoint;
  mailbox.media = media;
  mailbox.settings = settings;
  mailbox.generation = generation;
  mailbox.ssrc = static_cast<uint32_t>(options_.random());
  mailbox.first_timestamp = static_cast<uint32_t>(options_.random());
  mailbox.first_sequence = static_cast<uint16_t>(options_.random());
  mailbox.seed = options_.random();
  Refer(leg.bridge_wanted, bridge);
  leg.tag_wanted = tag;
  leg.tag = bridge == kNoBridgeSlot ? tag : 0;
  Post(slot, Command::Kind::kStart, bridge, place, tag);
  return AddedLeg{slot, endpoint, generation};
}

absl::Status Engine::Impl::UpdateLeg(LegSlot slot, const LegMedia& media) {
  LegControl* leg = Live(slot);
  if (leg == nullptr || leg->removal_wanted) return absl::NotFoundError(absl::StrFormat("no leg in slot %u", slot));
  if (media.codec == Codec::kNone || media.codec >= Codec::kCount)
    return absl::InvalidArgumentError("leg without codec");
  TUTTI_RETURN_IF_ERROR(RoomFor(*leg));
  const LegMedia before = std::exchange(leg->media, media);
  if (media.remote_rtp.ip == SocketAddress().ip || media.remote_rtp.port == 0) {
    leg->media.remote_rtp = before.remote_rtp;
    leg->media.remote_rtcp = before.remote_rtcp;
  }
  if (leg->media == before && !leg->media_wanted) return absl::OkStatus();
  leg->media_wanted = true;
  Pend(slot);
  std::vector<EngineEvent> none;
  if (!leg->in_flight) PostNext(slot, none);
  return absl::OkStatus();
}

absl::Status Engine::Impl::SetLegBridge(LegSlot slot, BridgeSlot bridge, uint64_t tag, const LegSettings* settings) {
  LegControl* leg = Live(slot);
  if (leg == nullptr || leg->removal_wanted) return absl::NotFoundError(absl::StrFormat("no leg in slot %u", slot));
  if (bridge != kNoBridgeSlot && !Usable(bridge)) {
    return Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND", "the bridge is gone");
  }
  TUTTI_RETURN_IF_ERROR(RoomFor(*leg));
  Refer(leg->bridge_wanted, bridge);
  leg->tag_wanted = tag;
  if (settings != nullptr) {
    leg->settings_wanted |= !(leg->settings == *settings);
    leg->settings = *settings;
  }
  // Without a command to post there is an event to report: Poll does either.
  Pend(slot);
  std::vector<EngineEvent> none;
  if (!leg->in_flight && leg->bridge != bridge) PostNext(slot, none);
  return absl::OkStatus();
}

absl::Status Engine::Impl::SetLegSettings(LegSlot slot, const LegSettings& settings) {
  LegControl* leg = Live(slot);
  if (leg == nullptr || leg->removal_wanted) return absl::NotFoundError(absl::StrFormat("no leg in slot %u", slot));
  if (leg->settings == settings) return absl::OkStatus();
  TUTTI_RETURN_IF_ERROR(RoomFor(*leg));
  leg->settings = settings;
  leg->settings_wanted = true;
  Pend(slot);
  std::vector<EngineEvent> none;
  if (!leg->in_flight) PostNext(slot, none);
  return absl::OkStatus();
}

absl::Status Engine::Impl::RemoveLeg(LegSlot slot, uint64_t tag) {
  LegControl* leg = Live(slot);
  if (leg == nullptr) return absl::NotFoundError(absl::StrFormat("no leg in slot %u", slot));
  if (std::exchange(leg->removal_wanted, true)) return absl::OkStatus();
  leg->removal_tag = tag;
  Pend(slot);
  std::vector<EngineEvent> none;
  if (!leg->in_flight) PostNext(slot, none);
  return absl::OkStatus();
}

absl::StatusOr<BridgeSlot> Engine::Impl::AddBridge(const BridgeSettings& settings) {
  if (free_bridges_.empty()) {
    return Busy(absl::StrFormat("all %u bridges of the media node are in use", options_.bridges_max));
  }
  const BridgeSlot slot = free_bridges_.back();
  free_bridges_.pop_back();
  BridgeControl& bridge = bridge_controls_[slot];
  bridge.live = true;
  bridge.settings = bridge.posted = bridge.on_worker = settings;
  // A busy worker is the last choice, not none: a bridge alone costs nothing.
  if (!placement_.Choose([this](unsigned w) { return !Overloaded(w); }, bridge.place)) {
    placement_.Choose([](unsigned) { return true; }, bridge.place);
  }
  placement_.AddBridge(bridge.place);
  // No worker knows of it: its settings hold before the first leg can come.
  bridges_[slot].Reset(bridge.place.phase);
  const BridgeMailbox::Settings made = MakeSettings(settings);
  bridges_[slot].parted = made.parted;
  bridges_[slot].waiting = made.waiting;
  bridges_[slot].hold = made.hold;
  return slot;
}

absl::Status Engine::Impl::RemoveBridge(BridgeSlot slot) {
  if (!Usable(slot)) return absl::NotFoundError(absl::StrFormat("no bridge in slot %u", slot));
  BridgeControl& bridge = bridge_controls_[slot];
  bridge.removal_wanted = true;
  if (bridge.play.state != PlayControl::State::kNone) {
    bridge.play.target_gone = true;
    bridge.play.stop_wanted = true;
    PendBridge(slot);
  }
  if (bridge.tap.id != 0) {
    bridge.tap = BridgeTap();
    bridge.tap_wanted = true;
    PendBridge(slot);
  }
  if (bridge.references == 0) {
    ReleaseIfUnused(slot);
    return absl::OkStatus();
  }
  // Held until the last leg has let go of it below.
  ++bridge.references;
  std::vector<EngineEvent> none;
  for (LegSlot i = 0; i < leg_controls_.size(); ++i) {
    LegControl& leg = leg_controls_[i];
    if (!leg.live || leg.bridge_wanted != slot) continue;
    Refer(leg.bridge_wanted, kNoBridgeSlot);
    Pend(i);
    if (!leg.in_flight) PostNext(i, none);
  }
  --bridge.references;
  ReleaseIfUnused(slot);
  return absl::OkStatus();
}

absl::StatusOr<LegView> Engine::Impl::GetLeg(LegSlot slot) const {
  if (slot >= leg_controls_.size() || !leg_controls_[slot].live) {
    return absl::NotFoundError(absl::StrFormat("no leg in slot %u", slot));
  }
  LegView view;
  view.bridge = leg_controls_[slot].bridge;
  view.talking = leg_controls_[slot].talking;
  view.media_timed_out = legs_[slot].media_timed_out.load(std::memory_order_relaxed);
  view.figures = legs_[slot].figures.Read();
  return view;
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(const EngineOptions& options, Endpoints& endpoints) {
  TUTTI_RETURN_IF_ERROR(CheckOptions(options));
  auto impl = std::make_unique<Impl>(options, endpoints);
  TUTTI_RETURN_IF_ERROR(impl->Allocate());
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

absl::StatusOr<AddedLeg> Engine::AddLeg(const LegMedia& media, bool rtcp_mux, BridgeSlot bridge, uint64_t tag,
                                        const LegSettings& settings) {
  return impl_->AddLeg(media, rtcp_mux, bridge, tag, settings);
}
absl::Status Engine::UpdateLeg(LegSlot leg, const LegMedia& media) { return impl_->UpdateLeg(leg, media); }
absl::Status Engine::SetLegBridge(LegSlot leg, BridgeSlot bridge, uint64_t tag, const LegSettings* settings) {
  return impl_->SetLegBridge(leg, bridge, tag, settings);
}
absl::Status Engine::SetLegSettings(LegSlot leg, const LegSettings& settings) {
  return impl_->SetLegSettings(leg, settings);
}
absl::Status Engine::PlayToLeg(LegSlot leg, const Play& play) { return impl_->PlayToLeg(leg, play); }
absl::Status Engine::StopLeg(LegSlot leg) { return impl_->StopLeg(leg); }
absl::Status Engine::SetBridge(BridgeSlot bridge, const BridgeSettings& settings) {
  return impl_->SetBridge(bridge, settings);
}
absl::Status Engine::PlayToBridge(BridgeSlot bridge, const Play& play) { return impl_->PlayToBridge(bridge, play); }
absl::Status Engine::StopBridge(BridgeSlot bridge) { return impl_->StopBridge(bridge); }
absl::Status Engine::RemoveLeg(LegSlot leg, uint64_t tag) { return impl_->RemoveLeg(leg, tag); }
absl::StatusOr<BridgeSlot> Engine::AddBridge(const BridgeSettings& settings) { return impl_->AddBridge(settings); }
absl::Status Engine::SetBridgeTap(BridgeSlot bridge, const BridgeTap& tap) { return impl_->SetBridgeTap(bridge, tap); }
absl::Status Engine::RemoveBridge(BridgeSlot bridge) { return impl_->RemoveBridge(bridge); }
void Engine::Poll(std::vector<EngineEvent>& events) { impl_->Poll(events); }
absl::StatusOr<LegView> Engine::GetLeg(LegSlot leg) const { return impl_->GetLeg(leg); }

uint32_t Engine::bridge_leg_count(BridgeSlot bridge) const {
  return bridge < impl_->bridge_controls_.size() ? impl_->bridge_controls_[bridge].legs : 0;
}
uint32_t Engine::leg_count() const {
  return static_cast<uint32_t>(impl_->leg_controls_.size() - impl_->free_legs_.size());
}
uint32_t Engine::bridge_count() const {
  return static_cast<uint32_t>(impl_->bridge_controls_.size() - impl_->free_bridges_.size());
}
bool Engine::pending() const { return !impl_->pending_.empty() || !impl_->pending_bridges_.empty(); }
bool Engine::playing() const { return !impl_->playing_legs_.empty() || !impl_->playing_bridges_.empty(); }
bool Engine::busy() const {
  for (unsigned w = 0; w < worker_count(); ++w) {
    if (!impl_->Overloaded(w)) return false;
  }
  return true;
}
unsigned Engine::worker_count() const { return impl_->options_.workers; }
TapRing& Engine::tap_ring(unsigned worker) { return impl_->taps_[worker]; }
Worker& Engine::worker(unsigned index) { return *impl_->workers_[index]; }
const WorkerCounters& Engine::counters(unsigned worker) const { return impl_->workers_[worker]->counters(); }
unsigned Engine::worker_load_percent(unsigned worker) const {
  return static_cast<unsigned>(counters(worker).load_permille.Get() / 10);
}
unsigned Engine::command_queue_depth(unsigned worker) const { return impl_->commands_[worker].depth(); }
const EngineOptions& Engine::options() const { return impl_->options_; }

}  // namespace tutti::mediaplane
