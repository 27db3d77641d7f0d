#include "control/scheduler/scheduler.h"

#include <algorithm>

#include "common/log/log.h"

namespace tutti::control {

Scheduler::Scheduler(Upkeep& upkeep, TaskQueue& queue, Clock& clock, Options options)
    : upkeep_(upkeep), queue_(queue), clock_(clock), options_(options) {}

void Scheduler::Start() {
  queue_.Post([this] {
    Poll();
    PollWaiters();
    queue_.PostAfter(options_.health_interval, [this] { SweepHealth(); });
    Purge();
  });
}

void Scheduler::OnDeadline(absl::Time deadline) {
  if (deadline == absl::InfiniteFuture()) return;
  queue_.Post([this, deadline] { Arm(deadline); });
}

void Scheduler::OnRemoteCommit() {
  if (look_planned_.exchange(true)) return;
  queue_.PostAfter(options_.remote_commit_pause, [this] {
    look_planned_ = false;
    Look();
  });
}

void Scheduler::Poll() {
  Look();
  Note("a look for commands that were not carried out", upkeep_.RepeatCommands());
  queue_.PostAfter(options_.poll_interval, [this] { Poll(); });
}

void Scheduler::Look() {
  // Also where the wall clock was set past what is planned.
  armed_ = absl::InfiniteFuture();
  Arm(clock_.Now());
  if (options_.on_look) options_.on_look();
}

void Scheduler::Note(const char* what, const absl::Status& status) {
  if (status.ok() == !failing_) return;
  failing_ = !status.ok();
  if (failing_) {
    log::Warning("the scheduler can't do its work", {{"what", what}, {"error", status.ToString()}});
  } else {
    log::Info("the scheduler can do its work again");
  }
}

void Scheduler::PollWaiters() {
  Note("a look for answers", upkeep_.PollWaiters());
  queue_.PostAfter(options_.waiters_interval, [this] { PollWaiters(); });
}

void Scheduler::Arm(absl::Time deadline) {
  if (deadline >= armed_) return;
  armed_ = deadline;
  if (running_) return;
  queue_.PostAfter(armed_ - clock_.Now(), [this, timer = ++timer_] {
    if (timer == timer_ && !running_) RunDue();
  });
}

void Scheduler::RunDue() {
  running_ = true;
  armed_ = absl::InfiniteFuture();
  upkeep_.RunDue([this](const absl::StatusOr<absl::Time>& next) {
    queue_.Post([this, next] {
      running_ = false;
      Note("a scan of deadlines", next.status());
      // A deadline that came while it ran is in armed_.
      const absl::Time deadline = std::min(armed_, next.ok() ? *next : clock_.Now() + options_.retry_pause);
      armed_ = absl::InfiniteFuture();
      Arm(deadline);
    });
  });
}

void Scheduler::SweepHealth() {
  upkeep_.SweepHealth([this](const absl::StatusOr<int>& removed) {
    if (!removed.ok()) {
      log::Warning("a health sweep failed", {{"error", removed.status().ToString()}});
    } else if (*removed > 0) {
      log::Info("participants failed their health check", {{"removed", *removed}});
    }
    queue_.PostAfter(options_.health_interval, [this] { SweepHealth(); });
  });
}

void Scheduler::Purge() {
  upkeep_.Purge([this](const absl::StatusOr<int64_t>& rows) {
    if (!rows.ok()) log::Warning("a purge failed", {{"error", rows.status().ToString()}});
    const bool again = rows.ok() && *rows > 0;
    queue_.PostAfter(again ? options_.purge_pause : options_.purge_interval, [this] { Purge(); });
  });
}

}  // namespace tutti::control
