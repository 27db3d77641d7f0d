#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "control/simulation/workload.h"
#include "google/protobuf/util/field_mask_util.h"

// Participants and their controls.

namespace tutti::control::simulation {

using control::Core;
using google::protobuf::util::FieldMaskUtil;
using P = v1::Conferencecall;

void Workload::Kick() {
  if (checker_.participants().empty()) return;
  const std::string id = OneOf(checker_.participants());
  requests_.Send<P>(
      absl::StrCat("kick ", world_.Name("part", id)),
      [id](Core& core, Done<P> done) { core.conferencecalls().Delete(Customer(), id, std::move(done)); },
      [this](const P& participant) {
        if (participant.status() < P::STATUS_LEAVING) world_.Fail("one who was kicked stays");
      });
}

void Workload::Move() {
  if (checker_.participants().empty()) return;
  v1::MoveConferencecallRequest request;
  request.set_id(OneOf(checker_.participants()));
  request.set_conference_id(OneOf(checker_.rooms()));
  requests_.Send<P>(
      absl::StrCat("move ", world_.Name("part", request.id()), " to ", world_.Name("room", request.conference_id())),
      [request](Core& core, Done<P> done) { core.conferencecalls().Move(Customer(), request, std::move(done)); },
      [this, request](const P& moved) {
        if (moved.conference_id() != request.conference_id() || moved.id() == request.id()) {
          world_.Fail("one who is moved is where it was");
        }
      });
}

// One or some of its controls.
void Workload::Control() {
  if (checker_.participants().empty()) return;
  Random& random = world_.random;
  v1::UpdateConferencecallRequest request;
  P& wish = *request.mutable_conferencecall();
  wish.set_id(OneOf(checker_.participants()));
  wish.set_muted(random.Chance(500));
  wish.set_deaf(random.Chance(500));
  wish.set_on_hold(random.Chance(500));
  wish.set_volume_db(random.Below(41) - 30);
  wish.set_host(random.Chance(500));
  if (random.Chance(700)) wish.set_coach_target_id(PeerOf(wish.id()));
  std::vector<std::string> paths = {"muted", "deaf", "on_hold", "volume_db", "host", "coach_target_id"};
  for (int left = 1 + random.Below(2); left > 0; --left) {
    const std::string& path = paths[random.Below(static_cast<int>(paths.size()))];
    request.mutable_update_mask()->add_paths(path);
  }
  const auto& named = request.update_mask().paths();
  requests_.Send<P>(
      absl::StrCat("control ", world_.Name("part", wish.id()), " ", absl::StrJoin(named, ",")),
      [request](Core& core, Done<P> done) { core.conferencecalls().Update(Customer(), request, std::move(done)); },
      [this, request](const P& changed) {
        P expected = changed;
        FieldMaskUtil::MergeMessageTo(request.conferencecall(), request.update_mask(), {}, &expected);
        if (expected.SerializeAsString() != changed.SerializeAsString()) world_.Fail("a control changed nothing");
      });
}

// Another one of its room, where there is one.
std::string Workload::PeerOf(const std::string& id) {
  const std::vector<std::string> peers = checker_.PeersOf(id);
  return peers.empty() ? OneOf(checker_.participants()) : OneOf(peers);
}

}  // namespace tutti::control::simulation
