#include "control/simulation/workload.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/status.h"

namespace tutti::control::simulation {

const control::Principal& Workload::Customer() {
  static const control::Principal customer = control::DefaultPrincipal();
  return customer;
}

const std::string& Workload::OneOf(const std::vector<std::string>& ids) {
  // Mostly the newer ones, which live.
  const int size = static_cast<int>(ids.size());
  const int newest = std::min(size, 12);
  return ids[size - 1 - world_.random.Below(world_.random.Chance(800) ? newest : size)];
}

void Workload::Operate() {
  if (checker_.rooms().empty()) return CreateRoom();
  if (checker_.calls().empty()) return CreateCall();
  switch (world_.random.Below(40)) {
    case 0:
    case 1:
    case 2:
      return CreateRoom();
    case 3:
      return DeleteRoom(OneOf(checker_.rooms()));
    case 4:
    case 5:
      return ChangeRoom();
    case 6:
    case 7:
    case 8:
      return HangUp(OneOf(checker_.calls()));
    case 9:
    case 10:
      return Kick();
    case 11:
      return Reoffer();
    case 12:
      return Get();
    case 13:
    case 14:
      return OperateJob();
    case 15:
    case 16:
      return Lock();
    case 17:
      return MuteAll();
    case 18:
      return HoldOrMute();
    case 19:
    case 20:
      return Move();
    case 21:
    case 22:
    case 23:
    case 24:
      return Control();
    case 25:
      return world_.random.Chance(700) ? CreateFlow() : DeleteFlow();
    default:
      return CreateCall();
  }
}

std::string Workload::NewId() {
  return absl::StrFormat("00000000-0000-7000-8000-%012x", world_.random.Bits() & 0xffff'ffff'ffff);
}

std::string Workload::NewKey() { return world_.random.Chance(500) ? absl::StrCat("key-", ++keys_) : ""; }

void Workload::EndAll() {
  for (const std::string& id : checker_.rooms()) DeleteRoom(id);
  for (const std::string& id : checker_.calls()) HangUp(id);
}

void Workload::CheckEnd(SimulatedDatabase& database) {
  std::map<std::string, int> made;
  absl::Status status = database.Inspect([&](control::Transaction& tx) -> absl::Status {
    for (const std::string& id : checker_.rooms()) {
      TUTTI_ASSIGN_OR_RETURN(const auto room, tx.conferences.Find(id, control::Lock::kNo));
      // A PUT gives it another name.
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
