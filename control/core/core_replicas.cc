#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/core_impl.h"
#include "control/core/times.h"

// What a replica does about what others have left in the store.

namespace tutti::control {
namespace {

using L = v1::Call;
using P = v1::Conferencecall;

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

absl::Status Core::PollWaiters() {
  std::set<std::string> ids;
  {
    absl::MutexLock lock(&impl_->waiters_mutex);
    for (const auto& [id, done] : impl_->waiters) ids.insert(id);
  }
  if (ids.empty()) return absl::OkStatus();
  std::vector<std::pair<std::string, absl::StatusOr<v1::Call>>> answers;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
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
  for (const auto& [id, answer] : answers) impl_->Answer(id, answer);
  return absl::OkStatus();
}

absl::Status Core::RepeatCommands() {
  const Options& options = impl_->options;
  // A state that waits for the media plane began `timeout` before its deadline.
  const auto before_us = [&](absl::Duration timeout) {
    return ToMicroseconds(impl_->clock.Now() + timeout - options.repeat_after);
  };
  std::set<std::string> ids;
  Effects effects;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    for (const auto& [status, timeout] : {std::pair{L::STATUS_RINGING, options.setup_timeout},
                                          std::pair{L::STATUS_TERMINATING, options.teardown_timeout}}) {
      TUTTI_ASSIGN_OR_RETURN(auto late, tx.calls.FindDueOf(status, before_us(timeout), options.batch_max));
      ids.insert(late.begin(), late.end());
    }
    for (const auto& [status, timeout] : {std::pair{P::STATUS_JOINING, options.joining_timeout},
                                          std::pair{P::STATUS_LEAVING, options.leaving_timeout}}) {
      TUTTI_ASSIGN_OR_RETURN(auto late,
                             tx.conferencecalls.FindCallsDueOf(status, before_us(timeout), options.batch_max));
      ids.insert(late.begin(), late.end());
    }
    const absl::Time now = impl_->clock.Now();
    const int64_t after_us = ToMicroseconds(now - options.repeat_until);
    const int64_t until_us = ToMicroseconds(now - options.repeat_after);
    TUTTI_ASSIGN_OR_RETURN(const auto recordings, tx.recordings.FindUnconfirmed(after_us, until_us, options.batch_max));
    for (const std::string& id : recordings) {
      TUTTI_ASSIGN_OR_RETURN(const auto record, tx.recordings.Find(id, Lock::kNo));
      if (record.has_value()) effects.recordings.push_back({record->job().node_id(), id, record->job().revision()});
    }
    TUTTI_ASSIGN_OR_RETURN(const auto transcribes,
                           tx.transcribes.FindUnconfirmed(after_us, until_us, options.batch_max));
    for (const std::string& id : transcribes) {
      TUTTI_ASSIGN_OR_RETURN(const auto record, tx.transcribes.Find(id, Lock::kNo));
      if (record.has_value()) effects.transcriptions.push_back({record->job().node_id(), id, record->job().revision()});
    }
    for (const std::string& id : ids) {
      TUTTI_ASSIGN_OR_RETURN(const auto record, tx.calls.Find(id, Lock::kNo));
      if (!record.has_value() || record->leg_wanted() == store::WANTED_NONE) continue;
      effects.legs.push_back({record->node_id(), id, record->leg_revision()});
    }
    return absl::OkStatus();
  }));
  if (!effects.empty()) impl_->sink.OnCommit(std::move(effects));
  return absl::OkStatus();
}

}  // namespace tutti::control
