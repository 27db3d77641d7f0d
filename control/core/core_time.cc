#include <algorithm>
#include <atomic>
#include <utility>

#include "common/status/status.h"
#include "control/core/core_impl.h"
#include "control/core/times.h"

// What happens because time passes.

namespace tutti::control {
namespace {

using store::CallRecord;
using store::ConferencecallRecord;
using store::ConferenceRecord;
using L = v1::Call;
using P = v1::Conferencecall;

// Each looks again whether its row is still due.

absl::Status FireConference(Work& work, Rules& rules, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * record, work.Conference(id));
  if (record == nullptr || record->deadline_at_us() == 0 || record->deadline_at_us() > ToMicroseconds(work.now())) {
    return absl::OkStatus();
  }
  return record->conference().status() == v1::Conference::STATUS_TERMINATING
             ? rules.ForceEmpty(*record)
             : rules.EndConference(*record, ConferenceEvent::kTimeout);
}

absl::Status FireConferencecall(Work& work, Rules& rules, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * record, work.Conferencecall(id));
  if (record == nullptr || record->deadline_at_us() == 0 || record->deadline_at_us() > ToMicroseconds(work.now())) {
    return absl::OkStatus();
  }
  switch (record->conferencecall().status()) {
    case P::STATUS_JOINING:
      return rules.MoveParticipant(*record, ParticipantEvent::kJoinTimeout, P::LEAVE_REASON_JOIN_TIMEOUT);
    case P::STATUS_JOINED:
      return rules.MoveParticipant(*record, ParticipantEvent::kHealthFailed, P::LEAVE_REASON_HEALTH_CHECK);
    default:
      return rules.MoveParticipant(*record, ParticipantEvent::kLeaveTimeout, P::LEAVE_REASON_UNSPECIFIED);
  }
}

absl::Status FireCall(Work& work, Rules& rules, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(CallRecord * record, work.Call(id));
  const int64_t now_us = ToMicroseconds(work.now());
  if (record == nullptr) return absl::OkStatus();
  if (record->state_deadline_at_us() != 0 && record->state_deadline_at_us() <= now_us) {
    switch (record->call().status()) {
      case L::STATUS_PROGRESSING:
        return rules.EndCall(*record, CallEvent::kMaxAge, L::HANGUP_BY_LOCAL, L::HANGUP_REASON_MAX_AGE);
      case L::STATUS_TERMINATING:
        return rules.EndCall(*record, CallEvent::kTeardownTimeout, L::HANGUP_BY_LOCAL, L::HANGUP_REASON_NORMAL);
      default:
        return rules.EndCall(*record, CallEvent::kSetupTimeout, L::HANGUP_BY_LOCAL, L::HANGUP_REASON_SETUP_TIMEOUT);
    }
  }
  if (record->flow().wake_at_us() != 0 && record->flow().wake_at_us() <= now_us) return rules.Wake(*record);
  return absl::OkStatus();
}

absl::Status FireRecording(Work& work, Rules& rules, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(store::RecordingRecord * record, work.Recording(id));
  if (record == nullptr || record->deadline_at_us() == 0 || record->deadline_at_us() > ToMicroseconds(work.now())) {
    return absl::OkStatus();
  }
  return rules.FireRecording(*record);
}

absl::Status FireTranscribe(Work& work, Rules& rules, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(store::TranscribeRecord * record, work.Transcribe(id));
  if (record == nullptr || record->deadline_at_us() == 0 || record->deadline_at_us() > ToMicroseconds(work.now())) {
    return absl::OkStatus();
  }
  return rules.FireTranscribe(*record);
}

// Recordings and transcriptions whose time has come, with what belongs to them.
absl::StatusOr<int64_t> PurgeOver(Work& work, Rules& rules, const Core::Options& options) {
  Transaction& tx = work.tx();
  const int limit = options.batch_max;
  const int64_t before_us = ToMicroseconds(work.now() - options.recording_retention);
  TUTTI_ASSIGN_OR_RETURN(const auto recordings, tx.recordings.FindOver(before_us, limit));
  for (const std::string& id : recordings) {
    TUTTI_ASSIGN_OR_RETURN(store::RecordingRecord * record, work.Recording(id));
    if (record != nullptr) TUTTI_RETURN_IF_ERROR(rules.DeleteRecording(*record));
  }
  // Nobody has said that their files are gone: their node may be gone itself.
  TUTTI_ASSIGN_OR_RETURN(int64_t purged,
                         tx.recordings.PurgeDeleted(ToMicroseconds(work.now() - options.row_retention), limit));
  TUTTI_ASSIGN_OR_RETURN(const auto transcribes, tx.transcribes.FindOver(before_us, limit));
  int64_t left = limit;
  for (const std::string& id : transcribes) {
    TUTTI_ASSIGN_OR_RETURN(const int64_t texts, tx.transcripts.Delete(id, static_cast<int>(left)));
    purged += texts;
    left -= texts;
    if (left <= 0) return purged;
    TUTTI_RETURN_IF_ERROR(tx.transcribes.Delete(id));
    ++purged;
  }
  return purged + static_cast<int64_t>(recordings.size());
}

absl::Time Earlier(absl::Time time, int64_t us) { return us == 0 ? time : std::min(time, absl::FromUnixMicros(us)); }

}  // namespace

void Core::RunDue(Done<absl::Time> done) {
  const int64_t now_us = ToMicroseconds(impl_->clock.Now());
  const int limit = impl_->options.batch_max;
  std::vector<Impl::Rule> rules;
  absl::Status status = impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto calls, tx.calls.FindDue(now_us, limit));
    for (const std::string& id : calls) {
      rules.push_back([id](Work& work, Rules& rules) { return FireCall(work, rules, id); });
    }
    TUTTI_ASSIGN_OR_RETURN(const auto conferences, tx.conferences.FindDue(now_us, limit));
    for (const std::string& id : conferences) {
      rules.push_back([id](Work& work, Rules& rules) { return FireConference(work, rules, id); });
    }
    TUTTI_ASSIGN_OR_RETURN(const auto conferencecalls, tx.conferencecalls.FindDue(now_us, limit));
    for (const std::string& id : conferencecalls) {
      rules.push_back([id](Work& work, Rules& rules) { return FireConferencecall(work, rules, id); });
    }
    TUTTI_ASSIGN_OR_RETURN(const auto recordings, tx.recordings.FindDue(now_us, limit));
    for (const std::string& id : recordings) {
      rules.push_back([id](Work& work, Rules& rules) { return FireRecording(work, rules, id); });
    }
    TUTTI_ASSIGN_OR_RETURN(const auto transcribes, tx.transcribes.FindDue(now_us, limit));
    for (const std::string& id : transcribes) {
      rules.push_back([id](Work& work, Rules& rules) { return FireTranscribe(work, rules, id); });
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return done(status);
  impl_->RunEach(std::move(rules), [impl = impl_.get(), done = std::move(done)](absl::StatusOr<int> fired) {
    if (!fired.ok()) return done(fired.status());
    absl::Time next = absl::InfiniteFuture();
    absl::Status read = impl->Read([&](Transaction& tx) -> absl::Status {
      TUTTI_ASSIGN_OR_RETURN(const int64_t conference, tx.conferences.NextDeadline());
      TUTTI_ASSIGN_OR_RETURN(const int64_t conferencecall, tx.conferencecalls.NextDeadline());
      TUTTI_ASSIGN_OR_RETURN(const int64_t call, tx.calls.NextDeadline());
      TUTTI_ASSIGN_OR_RETURN(const int64_t recording, tx.recordings.NextDeadline());
      TUTTI_ASSIGN_OR_RETURN(const int64_t transcribe, tx.transcribes.NextDeadline());
      for (const int64_t us : {conference, conferencecall, call, recording, transcribe}) next = Earlier(next, us);
      return absl::OkStatus();
    });
    if (!read.ok()) return done(read);
    done(next);
  });
}

void Core::SweepHealth(Done<int> done) {
  std::vector<ConferencecallTable::Health> checked;
  absl::Status status = impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(checked,
                           tx.conferencecalls.CheckHealth(ToMicroseconds(impl_->clock.Now() - impl_->options.age_max),
                                                          impl_->options.batch_max));
    return absl::OkStatus();
  });
  if (!status.ok()) return done(status);
  // A step may be run again: each says for itself what it did.
  auto removed = std::make_shared<std::vector<std::atomic<bool>>>(checked.size());
  std::vector<Impl::Rule> rules;
  for (const ConferencecallTable::Health& health : checked) {
    const int failures = health.failed ? health.failures + 1 : 0;
    const bool remove = failures >= impl_->options.health_failures_max;
    rules.push_back(
        [id = health.id, failures, remove, removed, index = rules.size()](Work& work, Rules& rules) -> absl::Status {
          if (!remove) return work.tx().conferencecalls.SetHealthFailures(id, failures);
          TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * record, work.Conferencecall(id));
          if (record == nullptr) return absl::OkStatus();
          const P::Status status = record->conferencecall().status();
          (*removed)[index] = status == P::STATUS_JOINING || status == P::STATUS_JOINED;
          return rules.MoveParticipant(*record, ParticipantEvent::kHealthFailed, P::LEAVE_REASON_HEALTH_CHECK);
        });
  }
  impl_->RunEach(std::move(rules), [removed, done = std::move(done)](const absl::StatusOr<int>& ran) {
    if (!ran.ok()) return done(ran.status());
    done(static_cast<int>(std::count(removed->begin(), removed->end(), true)));
  });
}

void Core::Purge(Done<int64_t> done) {
  auto purged = std::make_shared<int64_t>(0);
  impl_->Run(
      [options = impl_->options, purged](Work& work, Rules& rules) -> absl::Status {
        Transaction& tx = work.tx();
        const int64_t rows_before = ToMicroseconds(work.now() - options.row_retention);
        const int64_t events_before = ToMicroseconds(work.now() - options.event_retention);
        const int64_t keys_before = ToMicroseconds(work.now() - options.idempotency_retention);
        const int limit = options.batch_max;
        *purged = 0;
        for (auto result : {PurgeOver(work, rules, options), tx.conferencecalls.Purge(rows_before, limit),
                            tx.calls.Purge(rows_before, limit), tx.conferences.Purge(rows_before, limit),
                            tx.outbox.Purge(events_before, limit), tx.idempotency_keys.Purge(keys_before, limit),
                            tx.webhook_deliveries.Purge(events_before, limit)}) {
          TUTTI_RETURN_IF_ERROR(result.status());
          *purged += *result;
        }
        return absl::OkStatus();
      },
      [purged, done = std::move(done)](const absl::Status& status) {
        if (!status.ok()) return done(status);
        done(*purged);
      });
}

absl::StatusOr<Core::Counts> Core::CountByStatus() {
  Counts counts;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(counts.conferences, tx.conferences.CountByStatus());
    TUTTI_ASSIGN_OR_RETURN(counts.conferencecalls, tx.conferencecalls.CountByStatus());
    TUTTI_ASSIGN_OR_RETURN(counts.calls, tx.calls.CountByStatus());
    TUTTI_ASSIGN_OR_RETURN(counts.recordings, tx.recordings.CountByStatus());
    TUTTI_ASSIGN_OR_RETURN(counts.transcribes, tx.transcribes.CountByStatus());
    return absl::OkStatus();
  }));
  return counts;
}

}  // namespace tutti::control
