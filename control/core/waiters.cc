#include "control/core/waiters.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/lookup.h"
#include "control/core/steps.h"

namespace tutti::control {
namespace {

using L = v1::Call;

bool IsWaitedFor(const store::CallRecord& record) {
  return record.call().status() == L::STATUS_DIALING || record.call().status() == L::STATUS_RINGING ||
         record.has_reoffer();
}

absl::StatusOr<v1::Call> AnswerOf(const store::CallRecord& record) {
  if (record.call().has_tm_progressing()) return Show(record);
  return Error(absl::StatusCode::kUnavailable, "CALL_NOT_ANSWERED",
               absl::StrCat("call ", record.call().id(), " ended before it was answered"));
}

}  // namespace

Waiters::~Waiters() {
  std::multimap<std::string, Done<v1::Call>> waiters;
  {
    absl::MutexLock lock(&mutex_);
    waiters.swap(waiters_);
  }
  for (auto& [id, done] : waiters) {
    done(Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", absl::StrCat("call ", id, ": control is ending")));
  }
}

void Waiters::Add(const std::string& call_id, Done<v1::Call> done) {
  absl::MutexLock lock(&mutex_);
  waiters_.emplace(call_id, std::move(done));
}

void Waiters::Answer(const std::string& call_id, const absl::StatusOr<v1::Call>& answer) {
  std::vector<Done<v1::Call>> ready;
  {
    absl::MutexLock lock(&mutex_);
    const auto [begin, end] = waiters_.equal_range(call_id);
    for (auto place = begin; place != end; ++place) ready.push_back(std::move(place->second));
    waiters_.erase(begin, end);
  }
  for (auto& done : ready) done(answer);
}

std::set<std::string> Waiters::Calls() const {
  absl::MutexLock lock(&mutex_);
  std::set<std::string> ids;
  for (const auto& [id, done] : waiters_) ids.insert(id);
  return ids;
}

absl::Status PollWaiters(Steps& steps) {
  const std::set<std::string> ids = steps.waiters().Calls();
  if (ids.empty()) return absl::OkStatus();
  std::vector<std::pair<std::string, absl::StatusOr<v1::Call>>> answers;
  TUTTI_RETURN_IF_ERROR(steps.Read([&](Transaction& tx) -> absl::Status {
    for (const std::string& id : ids) {
      TUTTI_ASSIGN_OR_RETURN(const auto record, tx.calls.Find(id, Lock::kNo));
      if (!record.has_value()) {
        answers.emplace_back(id, ResourceNotFound("call", id));
      } else if (!IsWaitedFor(*record)) {
        answers.emplace_back(id, AnswerOf(*record));
      }
    }
    return absl::OkStatus();
  }));
  for (const auto& [id, answer] : answers) steps.waiters().Answer(id, answer);
  return absl::OkStatus();
}

}  // namespace tutti::control
