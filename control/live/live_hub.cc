#include "control/live/live_hub.h"

#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/log/log.h"
#include "control/rules/times.h"

namespace tutti::control {
namespace {

// Legs and digits whose owners one read looks up.
constexpr size_t kBatch = 64;
// Between two reads; what changes meanwhile is told once.
constexpr absl::Duration kPause = absl::Milliseconds(20);
// After a read that failed.
constexpr absl::Duration kRetryPause = absl::Seconds(1);

constexpr size_t kLegsMax = 100'000;
constexpr size_t kDigitsMax = 1024;
constexpr size_t kInterimsMax = 4096;

// A UUID of version 7 (RFC 9562 section 5.7) by what the event is: all replicas hear
// of it and give it the same.
std::string EventId(const LiveEvent& live) {
  const int64_t us = absl::ToUnixMicros(FromTimestamp(live.event.time()));
  const std::string content = absl::StrCat(live.node_id, " ", us, " ", live.event.SerializeAsString());
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest);
  const std::string random = absl::BytesToHexString({reinterpret_cast<const char*>(digest), 10});
  const std::string ms = absl::StrFormat("%012x", static_cast<uint64_t>(us / 1000) & 0xffffffffffff);
  return absl::StrCat(ms.substr(0, 8), "-", ms.substr(8), "-7", random.substr(0, 3), "-",
                      std::string(1, "89ab"[digest[9] & 3]), random.substr(3, 3), "-", random.substr(6, 12));
}

}  // namespace

LiveHub::LiveHub(Owners& owners, TaskQueue& queue, Clock& clock, Target target)
    : owners_(owners), queue_(queue), clock_(clock), target_(std::move(target)) {}

void LiveHub::OnTalking(const std::string& node_id, const media::v1::LegTalking& talking, absl::Time time) {
  absl::MutexLock lock(&mutex_);
  SetTalking(node_id, talking.leg_id(), talking.bridge_id(), talking.talking(), time);
}

void LiveHub::OnDigit(const std::string& node_id, const media::v1::LegDtmf& digit, absl::Time time) {
  absl::MutexLock lock(&mutex_);
  if (digits_.size() >= kDigitsMax) {
    digits_.pop_front();
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
  digits_.push_back({node_id, digit, time});
  Plan(absl::ZeroDuration());
}

void LiveHub::OnInterim(const std::string& node_id, const media::v1::TranscriptInterim& interim, absl::Time time) {
  absl::MutexLock lock(&mutex_);
  const InterimKey key{interim.transcription_id(), interim.leg_id()};
  if (interims_.size() >= kInterimsMax && interims_.count(key) == 0) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  interims_[key] = {node_id, interim, time};
  Plan(absl::ZeroDuration());
}

void LiveHub::OnLevels(const std::string& node_id, const std::vector<media::v1::LegState>& legs,
                       const std::set<std::string>& newer) {
  const absl::Time now = clock_.Now();
  std::map<std::string, std::string> talking;
  for (const media::v1::LegState& leg : legs) {
    if (leg.talking() && !leg.bridge_id().empty()) talking[leg.leg_id()] = leg.bridge_id();
  }
  absl::MutexLock lock(&mutex_);
  for (const auto& [id, bridge_id] : talking) {
    if (newer.count(id) == 0) SetTalking(node_id, id, bridge_id, true, now);
  }
  for (auto& [id, leg] : legs_) {
    if (leg.node_id != node_id || !leg.talking || talking.count(id) != 0 || newer.count(id) != 0) continue;
    SetTalking(node_id, id, leg.bridge_id, false, now);
  }
}

void LiveHub::OnNodeSilent(const std::string& node_id) { OnLevels(node_id, {}, {}); }

void LiveHub::OnCommit(const Effects& effects) {
  for (const v1::Event& event : effects.events) {
    if (!event.has_conferencecall()) continue;
    const v1::Conferencecall& participant = event.conferencecall();
    if (participant.status() != v1::Conferencecall::STATUS_LEAVING &&
        participant.status() != v1::Conferencecall::STATUS_LEAVED) {
      continue;
    }
    absl::MutexLock lock(&mutex_);
    const auto found = legs_.find(participant.reference_id());
    if (found == legs_.end() || found->second.told == nullptr) continue;
    if (found->second.told->event.talking().conferencecall_id() != participant.id()) continue;
    SetTalking(found->second.node_id, found->first, found->second.bridge_id, false, clock_.Now());
  }
}

bool LiveHub::IsTalking(const std::string& conferencecall_id) const {
  absl::MutexLock lock(&mutex_);
  return talkers_.count(conferencecall_id) != 0;
}

std::vector<std::shared_ptr<const LiveEvent>> LiveHub::Talkers(const std::string& customer_id,
                                                               const std::string& stream) const {
  std::vector<std::shared_ptr<const LiveEvent>> talkers;
  absl::MutexLock lock(&mutex_);
  for (const auto& [id, leg] : legs_) {
    if (leg.told == nullptr || leg.told->customer_id != customer_id) continue;
    if (stream.empty() || leg.told->event.stream() == stream) talkers.push_back(leg.told);
  }
  return talkers;
}

void LiveHub::SetTalking(const std::string& node_id, const std::string& leg_id, const std::string& bridge_id,
                         bool talking, absl::Time time) {
  auto found = legs_.find(leg_id);
  if (found == legs_.end()) {
    if (!talking) return;
    if (legs_.size() >= kLegsMax) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    found = legs_.emplace(leg_id, Leg()).first;
  }
  Leg& leg = found->second;
  leg.node_id = node_id;
  leg.talking = talking;
  leg.time = time;
  if (talking) leg.bridge_id = bridge_id;
  changed_.insert(leg_id);
  Plan(absl::ZeroDuration());
}

void LiveHub::Plan(absl::Duration delay) {
  if (std::exchange(planned_, true)) return;
  queue_.PostAfter(delay, [this] { Work(); });
}

void LiveHub::Work() {
  std::vector<std::string> legs;
  std::vector<Digit> digits;
  std::vector<Interim> interims;
  std::set<std::string> unknown;
  std::set<std::string> transcriptions;
  {
    absl::MutexLock lock(&mutex_);
    while (!changed_.empty() && legs.size() < kBatch) {
      legs.push_back(std::move(changed_.extract(changed_.begin()).value()));
      const auto leg = legs_.find(legs.back());
      if (leg != legs_.end() && leg->second.talking) unknown.insert(legs.back());
    }
    while (!digits_.empty() && digits.size() < kBatch) {
      unknown.insert(digits_.front().digit.leg_id());
      digits.push_back(std::move(digits_.front()));
      digits_.pop_front();
    }
    while (!interims_.empty() && interims.size() < kBatch) {
      interims.push_back(std::move(interims_.extract(interims_.begin()).mapped()));
      unknown.insert(interims.back().interim.leg_id());
      transcriptions.insert(interims.back().interim.transcription_id());
    }
  }
  absl::StatusOr<LegOwners> owners = LegOwners();
  if (!unknown.empty()) owners = owners_.FindOfLegs({unknown.begin(), unknown.end()});
  // Without an answer they are not told: others follow.
  absl::StatusOr<TranscribeOwners> transcribes = TranscribeOwners();
  if (!transcriptions.empty()) {
    transcribes = owners_.FindOfTranscribes({transcriptions.begin(), transcriptions.end()});
  }
  Events events;
  {
    absl::MutexLock lock(&mutex_);
    planned_ = false;
    if (owners.ok()) {
      for (const Digit& digit : digits) TellDigit(digit, *owners, events);
      for (const std::string& leg : legs) TellLeg(leg, *owners, events);
      for (const Interim& interim : interims) {
        if (transcribes.ok()) TellInterim(interim, *owners, *transcribes, events);
      }
      if (!changed_.empty() || !digits_.empty() || !interims_.empty()) Plan(kPause);
    } else {
      log::Warning("live events wait for the store", {{"error", owners.status().ToString()}});
      changed_.insert(legs.begin(), legs.end());
      digits_.insert(digits_.begin(), digits.begin(), digits.end());
      Plan(kRetryPause);
    }
  }
  for (const auto& event : events) {
    told_.fetch_add(1, std::memory_order_relaxed);
    target_(event);
  }
}

void LiveHub::TellLeg(const std::string& leg_id, const LegOwners& owners, Events& events) {
  const auto found = legs_.find(leg_id);
  if (found == legs_.end()) return;
  Leg& leg = found->second;
  const auto owner = owners.find(leg_id);
  if (leg.told != nullptr) {
    const v1::Talking& told = leg.told->event.talking();
    const bool is_same = owner == owners.end() || owner->second.conferencecall_id == told.conferencecall_id();
    if (!leg.talking || told.conference_id() != leg.bridge_id || !is_same) {
      auto end =
          NewEvent("conferencecall_talking", leg.told->event.stream(), leg.told->customer_id, leg.node_id, leg.time);
      *end->event.mutable_talking() = told;
      end->event.mutable_talking()->set_talking(false);
      end->event.set_id(EventId(*end));
      talkers_.erase(told.conferencecall_id());
      events.push_back(std::move(end));
      leg.told = nullptr;
    }
  }
  if (!leg.talking) {
    legs_.erase(found);
    return;
  }
  if (leg.told != nullptr || owner == owners.end() || owner->second.conferencecall_id.empty() ||
      owner->second.conference_id != leg.bridge_id) {
    return;
  }
  auto begin = NewEvent("conferencecall_talking", absl::StrCat("conference:", leg.bridge_id), owner->second.customer_id,
                        leg.node_id, leg.time);
  v1::Talking& talking = *begin->event.mutable_talking();
  talking.set_conferencecall_id(owner->second.conferencecall_id);
  talking.set_conference_id(leg.bridge_id);
  talking.set_talking(true);
  begin->event.set_id(EventId(*begin));
  talkers_.insert(talking.conferencecall_id());
  leg.told = begin;
  events.push_back(std::move(begin));
}

void LiveHub::TellDigit(const Digit& digit, const LegOwners& owners, Events& events) {
  const std::string& call_id = digit.digit.leg_id();
  const auto owner = owners.find(call_id);
  if (owner == owners.end()) return;
  auto event =
      NewEvent("call_dtmf", absl::StrCat("call:", call_id), owner->second.customer_id, digit.node_id, digit.time);
  v1::Dtmf& dtmf = *event->event.mutable_dtmf();
  dtmf.set_call_id(call_id);
  dtmf.set_conference_id(owner->second.conference_id);
  dtmf.set_conferencecall_id(owner->second.conferencecall_id);
  dtmf.set_digit(digit.digit.digit());
  dtmf.set_duration_ms(digit.digit.duration_ms());
  event->event.set_id(EventId(*event));
  events.push_back(std::move(event));
}

void LiveHub::TellInterim(const Interim& interim, const LegOwners& owners, const TranscribeOwners& transcribes,
                          Events& events) {
  const auto transcribe = transcribes.find(interim.interim.transcription_id());
  const auto owner = owners.find(interim.interim.leg_id());
  if (transcribe == transcribes.end() || owner == owners.end() ||
      owner->second.conference_id != transcribe->second.conference_id) {
    return;
  }
  auto event = NewEvent("transcript_interim", absl::StrCat("conference:", transcribe->second.conference_id),
                        transcribe->second.customer_id, interim.node_id, interim.time);
  v1::Transcript& transcript = *event->event.mutable_transcript();
  transcript.set_transcribe_id(transcribe->first);
  transcript.set_conferencecall_id(owner->second.conferencecall_id);
  transcript.set_message(interim.interim.text());
  const absl::Duration offset = FromTimestamp(interim.interim.tm_begin()) - transcribe->second.tm_create;
  transcript.set_tm_transcript(std::max(int64_t{0}, absl::ToInt64Milliseconds(offset)));
  event->event.set_id(EventId(*event));
  events.push_back(std::move(event));
}

std::shared_ptr<LiveEvent> LiveHub::NewEvent(const char* type, const std::string& stream,
                                             const std::string& customer_id, const std::string& node_id,
                                             absl::Time time) {
  auto live = std::make_shared<LiveEvent>();
  live->customer_id = customer_id;
  live->node_id = node_id;
  live->event.set_type(type);
  live->event.set_stream(stream);
  SetTime(*live->event.mutable_time(), time);
  return live;
}

}  // namespace tutti::control
