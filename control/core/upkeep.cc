#include "control/core/upkeep.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <utility>

#include "common/status/status.h"
#include "control/core/steps.h"
#include "control/core/waiters.h"
#include "control/rules/times.h"

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
absl::StatusOr<int64_t> PurgeOver(Work& work, Rules& rules, const CoreOptions& options) {
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

void Upkeep::RunDue(Done<absl::Time> done) {
  const int64_t now_us = ToMicroseconds(steps_.Now());
  const int limit = steps_.options().batch_max;
  std::vector<Steps::Rule> rules;
  absl::Status status = steps_.Read([&](Transaction& tx) -> absl::Status {
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
  steps_.RunEach(std::move(rules), [&steps = steps_, done = std::move(done)](absl::StatusOr<int> fired) {
    if (!fired.ok()) return done(fired.status());
    absl::Time next = absl::InfiniteFuture();
    absl::Status read = steps.Read([&](Transaction& tx) -> absl::Status {
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

void Upkeep::SweepHealth(Done<int> done) {
  std::vector<ConferencecallTable::Health> checked;
  absl::Status status = steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(checked,
                           tx.conferencecalls.CheckHealth(ToMicroseconds(steps_.Now() - steps_.options().age_max),
                                                          steps_.options().batch_max));
    return absl::OkStatus();
  });
  if (!status.ok()) return done(status);
  // A step may be run again: each says for itself what it did.
  auto removed = std::make_shared<std::vector<std::atomic<bool>>>(checked.size());
  std::vector<Steps::Rule> rules;
  for (const ConferencecallTable::Health& health : checked) {
    const int failures = health.failed ? health.failures + 1 : 0;
    const bool remove = failures >= steps_.options().health_failures_max;
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
  steps_.RunEach(std::move(rules), [removed, done = std::move(done)](const absl::StatusOr<int>& ran) {
    if (!ran.ok()) return done(ran.status());
    done(static_cast<int>(std::count(removed->begin(), removed->end(), true)));
  });
}

void Upkeep::Purge(Done<int64_t> done) {
  auto purged = std::make_shared<int64_t>(0);
  steps_.Run(
      [&options = steps_.options(), purged](Work& work, Rules& rules) -> absl::Status {
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

absl::Status Upkeep::PollWaiters() { return control::PollWaiters(steps_); }

absl::Status Upkeep::RepeatCommands() {
  const CoreOptions& options = steps_.options();
  // A state that waits for the media plane began `timeout` before its deadline.
  const auto before_us = [&](absl::Duration timeout) {
    return ToMicroseconds(steps_.Now() + timeout - options.repeat_after);
  };
  std::set<std::string> ids;
  Effects effects;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
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
    const absl::Time now = steps_.Now();
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
  if (!effects.empty()) steps_.sink().OnCommit(std::move(effects));
  return absl::OkStatus();
}

}  // namespace tutti::control
