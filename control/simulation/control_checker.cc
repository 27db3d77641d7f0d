#include "control/simulation/control_checker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tutti::control::simulation {

using control::Lock;
using control::Transaction;
using store::CallRecord;
using store::ConferencecallRecord;
using store::ConferenceRecord;
using C = v1::Conference;
using P = v1::Conferencecall;

namespace {

// What a command takes where nothing is in the way.
constexpr absl::Duration kTransitMax = absl::Seconds(8);

bool IsInside(const P& participant) { return participant.status() <= P::STATUS_JOINED; }

// The conference_join that has made the call's participant; of one that was moved
// that of an earlier one.
const v1::Action* JoinOf(const CallRecord& call) {
  const store::FlowState& state = call.flow();
  const int depth = state.join_depth();
  if (depth > state.frames_size()) return nullptr;
  const auto& actions = depth == 0 ? call.call().actions() : state.frames(depth - 1).actions();
  const int position = depth == 0 ? state.position() : state.frames(depth - 1).position();
  return position < actions.size() ? &actions.Get(position) : nullptr;
}

std::string PinOf(const v1::Action& join) {
  const auto& fields = join.option().fields();
  const auto pin = fields.find("pin");
  return pin == fields.end() ? "" : pin->second.string_value();
}

}  // namespace

void ControlChecker::Expect(bool holds, const char* rule, absl::FunctionRef<std::string()> what) {
  if (!holds) world_.Fail(absl::StrCat(rule, what()));
}

void ControlChecker::Begin() {
  host_left_.clear();
  moved_.clear();
  entries_.clear();
}

void ControlChecker::OnParticipant(Transaction& tx, const ConferencecallRecord& record, const CallRecord& call,
                                   const ConferenceRecord& room, bool is_new) {
  const P& participant = record.conferencecall();
  Participant& known = participants_[participant.id()];
  const bool is_joined = participant.status() == P::STATUS_JOINED;
  if (known.is_joined_host && !is_joined) host_left_.insert(participant.conference_id());
  known.is_joined_host = is_joined && participant.host();
  if (known.is_joined_host) rooms_[participant.conference_id()].host_entered = true;

  if (participant.coach_target_id() != known.coach_target_id) CheckCoach(tx, participant);
  known.coach_target_id = participant.coach_target_id();

  const bool leaves = participant.leave_reason() == P::LEAVE_REASON_MOVED;
  if (leaves && !std::exchange(known.has_moved, true)) moved_[participant.reference_id()] = participant;
  if (is_new) entries_[participant.reference_id()] = {participant, call, room};
}

void ControlChecker::CheckEntry(const Entry& entry, bool is_moved) {
  const P& participant = entry.participant;
  const C& room = entry.room.conference();
  const auto what = [&] {
    return absl::StrCat(world_.Name("part", participant.id()), ": ", participant.ShortDebugString(), " / ",
                        entry.room.ShortDebugString());
  };
  Expect(room.status() == C::STATUS_PROGRESSING, "the room does not go on: ", what);
  Expect(!room.locked(), "the room was locked: ", what);
  Expect(!room.muted_on_entry() || participant.muted() || participant.host(),
         "all are muted, and who comes later is not: ", what);
  if (room.pin().empty() || is_moved) return;
  const v1::Action* join = JoinOf(entry.call);
  const bool was_keyed = flows_.HadDigits(entry.call.call().id(), room.pin());
  Expect(was_keyed || (join != nullptr && PinOf(*join) == room.pin()), "it came without the PIN: ", what);
  ++counts_[was_keyed ? "entered_by_digits" : "entered_by_pin"];
}

void ControlChecker::CheckCoach(Transaction& tx, const P& coach) {
  if (coach.coach_target_id().empty()) return;
  const auto target = tx.conferencecalls.Find(coach.coach_target_id(), Lock::kNo);
  const auto what = [&] { return absl::StrCat(world_.Name("part", coach.id()), ": ", coach.ShortDebugString()); };
  Expect(target.ok() && target->has_value() && IsInside((*target)->conferencecall()) &&
             (*target)->conferencecall().conference_id() == coach.conference_id() &&
             coach.id() != coach.coach_target_id(),
         "it coaches nobody of its room: ", what);
  ++counts_["coached"];
}

void ControlChecker::OnRoom(const ConferenceRecord& record, const std::vector<ConferencecallRecord>& participants) {
  const C& room = record.conference();
  const auto what = [&] { return absl::StrCat(world_.Name("room", room.id()), ": ", record.ShortDebugString()); };
  Room& known = rooms_[room.id()];
  const int hosts = static_cast<int>(std::count_if(participants.begin(), participants.end(), [](const auto& one) {
    return one.conferencecall().status() == P::STATUS_JOINED && one.conferencecall().host();
  }));
  Expect(record.host_count() == hosts, "not so many hosts are in ", what);
  Expect(record.host_entered() == known.host_entered, "whether a host came is not known of ", what);

  const bool ends = host_left_.contains(room.id()) && hosts == 0 && room.end_on_host();
  Expect(!ends || room.status() >= C::STATUS_TERMINATING, "its last host left and nothing came of it: ", what);
  if (room.end_reason() == C::END_REASON_HOST_LEFT && room.status() == C::STATUS_TERMINATING) ++counts_["host_left"];
  Expect(room.end_reason() != C::END_REASON_HOST_LEFT || (room.end_on_host() && hosts == 0),
         "it ended without a host, and need not have: ", what);

  // A PUT changes the name as well, and lets all be as they are.
  const bool mutes_all = known.is_known && known.name == room.name() && known.muted_on_entry != room.muted_on_entry();
  if (mutes_all) CheckMuteAll(room, participants);
  known.is_known = true;
  if (std::exchange(known.bridge_revision, record.bridge_revision()) != record.bridge_revision()) {
    known.bridge_changed_at = world_.Elapsed();
  }
  known.name = room.name();
  known.muted_on_entry = room.muted_on_entry();
}

void ControlChecker::CheckMuteAll(const C& room, const std::vector<ConferencecallRecord>& participants) {
  for (const auto& one : participants) {
    const P& participant = one.conferencecall();
    if (!IsInside(participant) || participant.host()) continue;
    ++counts_["muted_with_all"];
    Expect(participant.muted() == room.muted_on_entry(), "all are muted, or none, but for one: ", [&] {
      return absl::StrCat(world_.Name("part", participant.id()), " in ", room.ShortDebugString());
    });
  }
}

void ControlChecker::End() {
  for (const auto& [call_id, entry] : entries_) CheckEntry(entry, moved_.contains(call_id));
  for (const auto& [call_id, left] : moved_) {
    const auto entry = entries_.find(call_id);
    Expect(entry != entries_.end(), "it was moved to nowhere: ", [&left = left] { return left.ShortDebugString(); });
    if (entry != entries_.end()) CheckMove(left, entry->second);
  }
}

void ControlChecker::CheckMove(const P& left, const Entry& entry) {
  ++counts_["moved"];
  const P& moved = entry.participant;
  const auto what = [&] { return absl::StrCat(left.ShortDebugString(), " / ", moved.ShortDebugString()); };
  Expect(entry.call.moved_from_id() == left.id() && moved.conference_id() != left.conference_id(),
         "it was moved to where it was: ", what);
  Expect(moved.muted() == (left.muted() || entry.room.conference().muted_on_entry()) && moved.deaf() == left.deaf() &&
             moved.on_hold() == left.on_hold() && moved.volume_db() == left.volume_db(),
         "its controls did not come with it: ", what);
}

void ControlChecker::CheckLeg(Transaction& tx, const CallRecord& call, const media::v1::LegSettings& settings) {
  media::v1::LegSettings wanted;
  const auto record = tx.conferencecalls.Find(call.flow().conferencecall_id(), Lock::kNo);
  std::string target_id;
  if (!call.bridge_id().empty() && record.ok() && record->has_value()) {
    const P& participant = (*record)->conferencecall();
    wanted.set_muted(participant.muted() || call.call().muted());
    wanted.set_deaf(participant.deaf());
    wanted.set_on_hold(participant.on_hold() || call.call().on_hold());
    wanted.set_volume_db(participant.volume_db());
    target_id = participant.coach_target_id();
  }
  const auto what = [&] {
    return absl::StrCat(world_.Name("call", call.call().id()), " ", settings.ShortDebugString(), " / ",
                        call.ShortDebugString());
  };
  Expect(settings.heard_only_by_size() == (target_id.empty() ? 0 : 1), "it is heard by others: ", what);
  if (!target_id.empty()) {
    const auto target = tx.conferencecalls.Find(target_id, Lock::kNo);
    const std::string& heard_by = settings.heard_only_by(0);
    if (!target.ok() || !target->has_value()) return world_.Fail("a coach's target is not there");
    const P& coached = (*target)->conferencecall();
    const auto heard = tx.calls.Find(heard_by, Lock::kNo);
    // Who left may come again, as another participant.
    const bool by_target = IsInside(coached) && heard_by == coached.reference_id();
    const bool by_nobody = !IsInside(coached) && heard.ok() && !heard->has_value();
    Expect(by_target || by_nobody, "it coaches who left: ", what);
    ++counts_[by_target ? "coach_of_one" : "coach_of_nobody"];
  }
  media::v1::LegSettings told = settings;
  told.clear_heard_only_by();
  Expect(told.SerializeAsString() == wanted.SerializeAsString(), "its leg has other settings: ", what);
}

void ControlChecker::CheckBridge(const ConferenceRecord& room, const media::v1::PutBridgeRequest& put) {
  const Room& known = rooms_[room.conference().id()];
  if (world_.Elapsed() - known.bridge_changed_at < kTransitMax) return;
  const auto what = [&] {
    return absl::StrCat(world_.Name("room", room.conference().id()), " ", room.ShortDebugString(), " / ",
                        put.ShortDebugString());
  };
  Expect(put.revision() == room.bridge_revision(), "its bridge has another revision: ", what);
  const bool parted = room.conference().start_on_host() && !known.host_entered;
  if (parted) ++counts_["parted"];
  Expect(put.parted() == parted, "they hear each other, or not, otherwise than they shall: ", what);
}

}  // namespace tutti::control::simulation
