#include "control/simulation/workload.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status.h"
#include "control/core/principal.h"

namespace tutti::control::simulation {
namespace {

using control::Core;
using C = v1::Conference;
using P = v1::Conferencecall;
using L = v1::Call;

constexpr int kAttemptsMax = 8;

// In the place of a replica: between two attempts, by itself or because the
// replica died.
constexpr int kNobody = -1;
constexpr int kDead = -2;

// The longest that a create may wait: until its call is given up.
constexpr absl::Duration kAnswerMax = absl::Seconds(50);

const control::Principal& Customer() {
  static const control::Principal customer = control::DefaultPrincipal();
  return customer;
}

// The answer says nothing about what was done.
bool MayRepeat(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) || absl::IsDeadlineExceeded(status);
}

v1::Action Plain(const std::string& type) {
  v1::Action action;
  action.set_type(type);
  return action;
}

v1::Action Sleep(int ms) {
  v1::Action action = Plain("sleep");
  (*action.mutable_option()->mutable_fields())["duration"].set_number_value(ms);
  return action;
}

media::v1::MediaDescription Offer(int version) {
  media::v1::MediaDescription offer;
  offer.add_sections()->set_rtp_port(20'000 + version);
  return offer;
}

}  // namespace

template <typename T>
void Workload::Send(const std::string& what, std::function<void(Core&, Done<T>)> send,
                    std::function<void(const T&)> check) {
  auto request = std::make_shared<Request>();
  request->what = what;
  request->again = [this, weak = std::weak_ptr<Request>(request), send, check] {
    if (const auto locked = weak.lock()) SendOnce<T>(locked, send, check);
  };
  std::erase_if(requests_, [](const auto& old) { return old->is_over; });
  requests_.push_back(request);
  request->again();
}

template <typename T>
void Workload::SendTwins(const std::string& what, bool is_same, std::function<void(Core&, Done<T>)> send,
                         std::function<void(const T&)> check) {
  Send<T>(what, send, check);
  if (is_same && world_.random.Chance(250)) Send<T>(absl::StrCat(what, " (twin)"), send, check);
}

template <typename T>
void Workload::SendOnce(const std::shared_ptr<Request>& request, const std::function<void(Core&, Done<T>)>& send,
                        const std::function<void(const T&)>& check) {
  Core* core = pick_(&request->replica);
  const int attempt = ++request->attempts;
  const auto repeat = [this, request] {
    if (request->attempts >= kAttemptsMax) {
      request->is_over = true;
      return;
    }
    request->replica = kNobody;
    world_.After(world_.random.Between(absl::Milliseconds(50), absl::Seconds(2)), [request] { request->again(); });
  };
  if (core == nullptr) return repeat();
  request->since = world_.Elapsed();
  send(*core, [this, request, attempt, check, repeat](const absl::StatusOr<T>& answer) {
    // The connection it came by was given up.
    if (attempt != request->attempts || request->is_over) return;
    if (answer.ok()) {
      request->is_over = true;
      world_.Tell(absl::StrCat("customer: ", request->what, " is done"));
      return check(*answer);
    }
    world_.Tell(absl::StrCat("customer: ", request->what, ": ", GetErrorDetail(answer.status()).reason));
    const std::string reason = GetErrorDetail(answer.status()).reason;
    if (reason == "STORE_ERROR" || reason == "IDEMPOTENCY_KEY_REUSED" || absl::IsInternal(answer.status())) {
      world_.Fail(absl::StrCat(request->what, ": ", answer.status().ToString()));
    }
    if (GetErrorDetail(answer.status()).reason.empty()) {
      world_.Fail(absl::StrCat(request->what, ": an error without a reason: ", answer.status().ToString()));
    }
    if (MayRepeat(answer.status())) return repeat();
    request->is_over = true;
  });
}

void Workload::OnReplicaDeath(int index) {
  for (const auto& request : std::vector(requests_)) {
    if (request->is_over || request->replica != index) continue;
    request->replica = kDead;
    // An answer that is already on its way finds nobody.
    ++request->attempts;
    world_.After(world_.random.Between(absl::ZeroDuration(), absl::Seconds(1)), [request] {
      if (!request->is_over && request->replica == kDead) request->again();
    });
  }
}

const std::string& Workload::OneOf(const std::vector<std::string>& ids) {
  // Mostly the newer ones, which live.
  const int size = static_cast<int>(ids.size());
  const int newest = std::min(size, 12);
  return ids[size - 1 - world_.random.Below(world_.random.Chance(800) ? newest : size)];
}

void Workload::Operate() {
  const bool has_rooms = !checker_.rooms().empty();
  switch (world_.random.Below(26)) {
    case 0:
    case 1:
    case 2:
      return CreateRoom();
    case 3:
      return has_rooms ? DeleteRoom(OneOf(checker_.rooms())) : CreateRoom();
    case 4:
    case 5:
      return has_rooms ? ChangeRoom() : CreateRoom();
    case 6:
    case 7:
    case 8:
      return checker_.calls().empty() ? CreateCall() : HangUp(OneOf(checker_.calls()));
    case 9:
    case 10:
      return Kick();
    case 11:
      return Reoffer();
    case 12:
      return Get();
    case 13:
    case 14:
      return has_rooms ? OperateJob() : CreateRoom();
    default:
      return CreateCall();
  }
}

void Workload::OperateJob() {
  switch (world_.random.Below(8)) {
    case 0:
    case 1:
      return StartRecording();
    case 2:
      return StopRecording();
    case 3:
    case 4:
      return PauseRecording();
    case 5:
    case 6:
      return StartTranscribe();
    default:
      return StopTranscribe();
  }
}

std::string Workload::NewId() {
  return absl::StrFormat("00000000-0000-7000-8000-%012x", world_.random.Bits() & 0xffff'ffff'ffff);
}

std::string Workload::NewKey() { return world_.random.Chance(500) ? absl::StrCat("key-", ++keys_) : ""; }

void Workload::CreateRoom() {
  v1::CreateConferenceRequest request;
  C& room = *request.mutable_conference();
  const bool connect = world_.random.Chance(400);
  room.set_type(connect ? C::TYPE_CONNECT : C::TYPE_CONFERENCE);
  if (world_.random.Chance(300)) room.set_timeout(1 + world_.random.Below(40));
  if (!connect && world_.random.Chance(300)) room.set_max_participants(1 + world_.random.Below(3));
  const std::string key = NewKey();
  room.set_name(key);
  if (world_.random.Chance(200)) room.set_id(NewId());
  SendTwins<C>(
      absl::StrCat("create room ", key), !key.empty() || !room.id().empty(),
      [request, key](Core& core, Done<C> done) {
        core.conferences().Create(Customer(), request, key, std::move(done));
      },
      [this, key](const C& made) {
        if (key.empty()) return;
        std::string& id = created_[key];
        if (!id.empty() && id != made.id()) world_.Fail(absl::StrCat(key, " made two rooms"));
        id = made.id();
      });
}

void Workload::ChangeRoom() {
  const std::string id = OneOf(checker_.rooms());
  const int timeout = world_.random.Chance(300) ? 0 : 1 + world_.random.Below(60);
  const std::string what = absl::StrCat("change ", world_.Name("room", id), " timeout ", timeout);
  const auto check = [this, what, timeout](const C& changed) {
    if (changed.timeout() != timeout) world_.Fail(absl::StrCat(what, " changed nothing"));
  };
  if (world_.random.Chance(500)) {
    v1::ReplaceConferenceRequest request;
    request.mutable_conference()->set_id(id);
    request.mutable_conference()->set_timeout(timeout);
    Send<C>(
        what, [request](Core& core, Done<C> done) { core.conferences().Replace(Customer(), request, std::move(done)); },
        check);
    return;
  }
  v1::UpdateConferenceRequest request;
  request.mutable_conference()->set_id(id);
  request.mutable_conference()->set_timeout(timeout);
  request.mutable_update_mask()->add_paths("timeout");
  if (world_.random.Chance(300)) request.set_if_match(absl::StrCat(1 + world_.random.Below(4)));
  Send<C>(
      what, [request](Core& core, Done<C> done) { core.conferences().Update(Customer(), request, std::move(done)); },
      check);
}

void Workload::DeleteRoom(const std::string& id) {
  Send<C>(
      absl::StrCat("delete ", world_.Name("room", id)),
      [id](Core& core, Done<C> done) { core.conferences().Delete(Customer(), id, std::move(done)); },
      [this](const C& room) {
        if (room.status() < C::STATUS_TERMINATING) world_.Fail("a deleted room goes on");
      });
}

v1::Action Workload::Join() {
  v1::Action action = Plain("conference_join");
  const std::string id = world_.random.Chance(20) ? "00000000-0000-7000-8000-00000000dead" : OneOf(checker_.rooms());
  (*action.mutable_option()->mutable_fields())["conference_id"].set_string_value(id);
  return action;
}

void Workload::CreateCall() {
  if (checker_.rooms().empty()) return CreateRoom();
  v1::CreateCallRequest request;
  L& call = *request.mutable_call();
  call.set_type(L::TYPE_RTP);
  call.set_sdp_offer("v=0 offer");
  for (int left = 1 + world_.random.Below(3); left > 0; --left) {
    const int kind = world_.random.Below(10);
    if (kind == 0) {
      *call.add_actions() = Plain("answer");
    } else if (kind <= 2) {
      *call.add_actions() = Sleep(1 + world_.random.Below(8'000));
    } else {
      *call.add_actions() = Join();
    }
  }
  // Else few stay: the flow goes on to its end.
  if (world_.random.Chance(100)) *call.add_actions() = Plain("hangup");
  const std::string key = NewKey();
  call.set_source(key);
  SendTwins<L>(
      absl::StrCat("create call ", key), !key.empty(),
      [request, key](Core& core, Done<L> done) {
        core.calls().Create(Customer(), request, Offer(0), key, std::move(done));
      },
      [this, key](const L& made) {
        if (made.sdp_answer().empty()) world_.Fail("a call without an answer");
        if (key.empty()) return;
        std::string& id = created_[key];
        if (!id.empty() && id != made.id()) world_.Fail(absl::StrCat(key, " made two calls"));
        id = made.id();
      });
}

void Workload::HangUp(const std::string& id) {
  Send<L>(
      absl::StrCat("hang up ", world_.Name("call", id)),
      [id](Core& core, Done<L> done) { core.calls().Hangup(Customer(), id, std::move(done)); },
      [this](const L& call) {
        if (call.status() < L::STATUS_TERMINATING) world_.Fail("a call that was hung up goes on");
      });
}

void Workload::Kick() {
  if (checker_.participants().empty()) return;
  const std::string id = OneOf(checker_.participants());
  Send<P>(
      absl::StrCat("kick ", world_.Name("part", id)),
      [id](Core& core, Done<P> done) { core.conferencecalls().Delete(Customer(), id, std::move(done)); },
      [this](const P& participant) {
        if (participant.status() < P::STATUS_LEAVING) world_.Fail("one who was kicked stays");
      });
}

void Workload::Reoffer() {
  if (checker_.calls().empty()) return;
  v1::ReofferCallRequest request;
  request.set_id(OneOf(checker_.calls()));
  const int version = 1 + world_.random.Below(1'000);
  request.set_sdp_offer(absl::StrCat("v=0 offer ", version));
  Send<L>(
      absl::StrCat("re-offer ", world_.Name("call", request.id())),
      [request, version](Core& core, Done<L> done) {
        core.calls().Reoffer(Customer(), request, Offer(version), std::move(done));
      },
      [](const L&) {});
}

void Workload::StartRecording() {
  v1::StartRecordingRequest request;
  request.set_id(OneOf(checker_.rooms()));
  Send<C>(
      absl::StrCat("record ", world_.Name("room", request.id())),
      [request](Core& core, Done<C> done) { core.recordings().Start(Customer(), request, std::move(done)); },
      [this](const C& room) {
        if (room.recording_id().empty()) world_.Fail("a recording that begins is not the room's");
      });
}

void Workload::StopRecording() {
  const std::string id = OneOf(checker_.rooms());
  Send<C>(
      absl::StrCat("stop recording ", world_.Name("room", id)),
      [id](Core& core, Done<C> done) { core.recordings().Stop(Customer(), id, std::move(done)); },
      [this](const C& room) {
        if (!room.recording_id().empty()) world_.Fail("a recording that was stopped is the room's");
      });
}

void Workload::PauseRecording() {
  const std::string id = OneOf(checker_.rooms());
  const bool paused = world_.random.Chance(500);
  Send<C>(
      absl::StrCat(paused ? "pause" : "resume", " recording ", world_.Name("room", id)),
      [id, paused](Core& core, Done<C> done) { core.recordings().Pause(Customer(), id, paused, std::move(done)); },
      [](const C&) {});
}

void Workload::StartTranscribe() {
  v1::StartTranscribeRequest request;
  request.set_id(OneOf(checker_.rooms()));
  request.set_language("en-US");
  Send<C>(
      absl::StrCat("transcribe ", world_.Name("room", request.id())),
      [request](Core& core, Done<C> done) { core.transcribes().Start(Customer(), request, std::move(done)); },
      [this](const C& room) {
        if (room.transcribe_id().empty()) world_.Fail("a transcription that begins is not the room's");
      });
}

void Workload::StopTranscribe() {
  const std::string id = OneOf(checker_.rooms());
  Send<C>(
      absl::StrCat("stop transcribing ", world_.Name("room", id)),
      [id](Core& core, Done<C> done) { core.transcribes().StopOf(Customer(), id, std::move(done)); },
      [this](const C& room) {
        if (!room.transcribe_id().empty()) world_.Fail("a transcription that was stopped is the room's");
      });
}

void Workload::Get() {
  int index = 0;
  Core* core = pick_(&index);
  if (core == nullptr || checker_.rooms().empty()) return;
  const auto room = core->conferences().Get(Customer(), OneOf(checker_.rooms()));
  if (room.ok() && room->conferencecall_ids_size() != room->participant_count()) {
    world_.Fail(absl::StrCat("GET counts otherwise than it lists: ", room->ShortDebugString()));
  }
  if (!room.ok() || room->recording_id().empty()) return;
  const auto& history = room->recording_ids();
  if (history.empty() || history.Get(history.size() - 1) != room->recording_id()) {
    world_.Fail(absl::StrCat("the history lacks the recording: ", room->ShortDebugString()));
  }
}

void Workload::EndAll() {
  for (const std::string& id : checker_.rooms()) DeleteRoom(id);
  for (const std::string& id : checker_.calls()) HangUp(id);
}

void Workload::CheckAnswers() {
  for (const auto& request : requests_) {
    if (!request->is_over && request->replica >= 0 && world_.Elapsed() - request->since > kAnswerMax) {
      world_.Fail(absl::StrCat("nobody answers: ", request->what));
    }
  }
}

void Workload::CheckEnd(SimulatedDatabase& database) {
  for (const auto& request : requests_) {
    if (!request->is_over) world_.Fail(absl::StrCat("never answered: ", request->what));
  }
  std::map<std::string, int> made;
  absl::Status status = database.Inspect([&](control::Transaction& tx) -> absl::Status {
    for (const std::string& id : checker_.rooms()) {
      TUTTI_ASSIGN_OR_RETURN(const auto room, tx.conferences.Find(id, control::Lock::kNo));
      // A PUT takes the name away.
      if (room.has_value() && !room->conference().name().empty()) ++made[room->conference().name()];
    }
    for (const std::string& id : checker_.calls()) {
      TUTTI_ASSIGN_OR_RETURN(const auto call, tx.calls.Find(id, control::Lock::kNo));
      // One that was never answered has freed its key.
      const bool counts = call.has_value() && call->call().has_tm_progressing();
      if (counts && !call->call().source().empty()) ++made[call->call().source()];
    }
    return absl::OkStatus();
  });
  if (!status.ok()) world_.Fail(status.ToString());
  for (const auto& [key, count] : made) {
    if (count > 1) world_.Fail(absl::StrCat(key, " made ", count, " resources"));
  }
}

}  // namespace tutti::control::simulation
