#include "absl/strings/str_cat.h"
#include "control/simulation/workload.h"

// Rooms, and what hosts do in them.

namespace tutti::control::simulation {

using control::Core;
using C = v1::Conference;

void Workload::CreateRoom() {
  v1::CreateConferenceRequest request;
  C& room = *request.mutable_conference();
  const bool connect = world_.random.Chance(400);
  room.set_type(connect ? C::TYPE_CONNECT : C::TYPE_CONFERENCE);
  if (world_.random.Chance(300)) room.set_timeout(1 + world_.random.Below(40));
  if (!connect && world_.random.Chance(300)) room.set_max_participants(1 + world_.random.Below(3));
  if (!connect) {
    room.set_start_on_host(world_.random.Chance(200));
    room.set_end_on_host(world_.random.Chance(200));
    room.set_muted_on_entry(world_.random.Chance(150));
  }
  if (!checker_.flow_ids().empty()) {
    if (world_.random.Chance(200)) room.set_pre_flow_id(OneOf(checker_.flow_ids()));
    if (world_.random.Chance(200)) room.set_post_flow_id(OneOf(checker_.flow_ids()));
  }
  room.set_dtmf_menu(world_.random.Chance(300));
  if (world_.random.Chance(150)) room.set_pin(kPins[world_.random.Below(2)]);
  const std::string key = NewKey();
  room.set_name(key);
  if (world_.random.Chance(200)) room.set_id(NewId());
  requests_.SendTwins<C>(
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
    // The rest takes its defaults; the checker knows a PUT by the name.
    request.mutable_conference()->set_name(absl::StrCat("put-", ++puts_));
    request.mutable_conference()->set_start_on_host(world_.random.Chance(200));
    request.mutable_conference()->set_end_on_host(world_.random.Chance(200));
    requests_.Send<C>(
        what, [request](Core& core, Done<C> done) { core.conferences().Replace(Customer(), request, std::move(done)); },
        check);
    return;
  }
  v1::UpdateConferenceRequest request;
  request.mutable_conference()->set_id(id);
  request.mutable_conference()->set_timeout(timeout);
  request.mutable_update_mask()->add_paths("timeout");
  if (world_.random.Chance(300)) {
    request.mutable_conference()->set_end_on_host(world_.random.Chance(500));
    request.mutable_update_mask()->add_paths("end_on_host");
  }
  if (world_.random.Chance(300)) request.set_if_match(absl::StrCat(1 + world_.random.Below(4)));
  requests_.Send<C>(
      what, [request](Core& core, Done<C> done) { core.conferences().Update(Customer(), request, std::move(done)); },
      check);
}

void Workload::DeleteRoom(const std::string& id) {
  requests_.Send<C>(
      absl::StrCat("delete ", world_.Name("room", id)),
      [id](Core& core, Done<C> done) { core.conferences().Delete(Customer(), id, std::move(done)); },
      [this](const C& room) {
        if (room.status() < C::STATUS_TERMINATING) world_.Fail("a deleted room goes on");
      });
}

std::string Workload::BusyRoom() {
  if (checker_.participants().empty() || world_.random.Chance(200)) return OneOf(checker_.rooms());
  return checker_.RoomOf(OneOf(checker_.participants()));
}

void Workload::Lock() {
  const std::string id = BusyRoom();
  const bool locked = world_.random.Chance(400);
  requests_.Send<C>(
      absl::StrCat(locked ? "lock " : "unlock ", world_.Name("room", id)),
      [id, locked](Core& core, Done<C> done) { core.conferences().SetLocked(Customer(), id, locked, std::move(done)); },
      [this, locked](const C& room) {
        if (room.locked() != locked) world_.Fail("a lock changed nothing");
      });
}

void Workload::MuteAll() {
  const std::string id = BusyRoom();
  const bool muted = world_.random.Chance(500);
  requests_.Send<C>(
      absl::StrCat(muted ? "mute all in " : "unmute all in ", world_.Name("room", id)),
      [id, muted](Core& core, Done<C> done) { core.conferences().MuteAll(Customer(), id, muted, std::move(done)); },
      [this, muted](const C& room) {
        if (room.muted_on_entry() != muted) world_.Fail("who comes later is not muted as all are");
      });
}

void Workload::CreateWebhooks() {
  using Kind = WebhookReceivers::Kind;
  for (const Kind kind : {Kind::kGood, Kind::kGood, Kind::kSlow, Kind::kFlaky, Kind::kBroken, Kind::kGone}) {
    v1::CreateWebhookRequest request;
    request.mutable_webhook()->set_uri(webhooks_.Add(kind));
    const std::string key = absl::StrCat("webhook ", request.webhook().uri());
    world_.After(world_.random.Between(absl::ZeroDuration(), absl::Seconds(20)), [this, request, key] {
      requests_.SendTwins<v1::Webhook>(
          absl::StrCat("create ", key), true,
          [request, key](Core& core, Done<v1::Webhook> done) {
            core.webhooks().Create(Customer(), request, key, std::move(done));
          },
          [this, request](const v1::Webhook& made) { webhooks_.OnMade(request.webhook().uri(), made.id()); });
    });
  }
}

void Workload::Get() {
  int index = 0;
  Core* core = pick_(&index);
  if (core == nullptr) return;
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

}  // namespace tutti::control::simulation
