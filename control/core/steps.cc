#include "control/core/steps.h"

#include <atomic>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr char kTokenSecret[] = "token_secret";

// A data base's own words reach the caller with a reason, as all errors do.
absl::Status WithReason(absl::Status status) {
  if (status.ok() || !GetErrorDetail(status).reason.empty()) return status;
  const bool retry = absl::IsUnavailable(status);
  return Error(status.code(), retry ? "STORE_UNAVAILABLE" : "STORE_ERROR", std::string(status.message()));
}

// Counts what is under way; the last one to end calls `done`.
struct Batch {
  std::atomic<size_t> left{0};
  std::atomic<int> succeeded{0};
  // Of any that failed; set before `left` goes down.
  absl::Mutex mutex;
  absl::Status failure ABSL_GUARDED_BY(mutex);

  absl::Status Failure() {
    absl::MutexLock lock(&mutex);
    return failure;
  }
};

}  // namespace

absl::Status Steps::Start() {
  std::optional<std::string> secret;
  TUTTI_RETURN_IF_ERROR(Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(secret, tx.meta.Find(kTokenSecret));
    return absl::OkStatus();
  }));
  if (!secret.has_value()) return absl::FailedPreconditionError("the data base has no token secret");
  signer_.emplace(*secret);
  return absl::OkStatus();
}

void Steps::Run(const std::string& traceparent, Rule rule, std::function<void()> committed, DoneStatus done) {
  struct Outcome {
    Effects effects;
    std::vector<std::pair<std::string, absl::StatusOr<v1::Call>>> answers;
  };
  auto outcome = std::make_shared<Outcome>();
  auto read = std::make_shared<RowIds>();
  store_.Submit(
      [this, rule = std::move(rule), outcome, read](Transaction& tx) -> absl::Status {
        Work work(tx, clock_.Now(), ids_);
        const absl::Cleanup remember = [&] { *read = work.ReadRows(); };
        if (tx.attempt > 0) TUTTI_RETURN_IF_ERROR(work.LockRows(*read));
        Rules rules(work, registry_, options_);
        TUTTI_RETURN_IF_ERROR(rule(work, rules));
        TUTTI_RETURN_IF_ERROR(rules.Finish());
        TUTTI_RETURN_IF_ERROR(work.Flush());
        *outcome = {work.TakeEffects(), std::move(work.answers)};
        return absl::OkStatus();
      },
      [this, traceparent, committed = std::move(committed), done = std::move(done), outcome](absl::Status status) {
        if (!status.ok()) return done(WithReason(std::move(status)));
        if (committed) committed();
        outcome->effects.traceparent = traceparent;
        if (!outcome->effects.empty()) sink_.OnCommit(std::move(outcome->effects));
        for (const auto& [call_id, answer] : outcome->answers) waiters_.Answer(call_id, answer);
        done(absl::OkStatus());
      });
}

void Steps::RunEach(std::vector<Rule> rules, Done<int> done) {
  if (rules.empty()) return done(0);
  auto batch = std::make_shared<Batch>();
  batch->left = rules.size();
  for (Rule& rule : rules) {
    Run(std::move(rule), [batch, done](const absl::Status& status) {
      if (status.ok()) {
        ++batch->succeeded;
      } else {
        absl::MutexLock lock(&batch->mutex);
        batch->failure = status;
      }
      if (--batch->left != 0) return;
      const absl::Status failure = batch->Failure();
      if (failure.ok()) return done(int{batch->succeeded});
      done(failure);
    });
  }
}

absl::Status Steps::Read(absl::FunctionRef<absl::Status(Transaction&)> read) { return WithReason(store_.Read(read)); }

}  // namespace tutti::control
