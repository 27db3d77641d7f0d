#include "control/media/node_watcher.h"

#include <algorithm>
#include <utility>

#include "common/log/log.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

// Events between the node and their commit; the node's log holds the others.
constexpr size_t kUncommittedMax = 512;

constexpr absl::Duration kPauseMin = absl::Milliseconds(50);
constexpr absl::Duration kPauseMax = absl::Seconds(1);

// Probes in a row that failed, of a node that is lost.
constexpr int kFailedProbesMin = 3;

// A node that another replica watches answers, if it did so within this many
// probe intervals.
constexpr int kAnswersMax = 4;

}  // namespace

NodeWatcher::NodeWatcher(std::string node_id, std::string owner, MediaNodes& media_nodes, NodeClient& client,
                         NodeRegistry& registry, TaskQueue& queue, Clock& clock, MonotonicClock monotonic,
                         Options options)
    : node_id_(std::move(node_id)),
      owner_(std::move(owner)),
      media_nodes_(media_nodes),
      client_(client),
      registry_(registry),
      queue_(queue),
      clock_(clock),
      monotonic_(std::move(monotonic)),
      options_(options) {}

void NodeWatcher::Start() {
  queue_.Post([this] {
    contact_at_ = monotonic_();
    Publish();
    Claim();
    Probe();
    queue_.PostAfter(options_.lease_renewal, [this] { RenewLease(); });
  });
}

void NodeWatcher::Claim() {
  state_ = State::kClaim;
  const int64_t generation = ++generation_;
  media_nodes_.Claim(node_id_, owner_, options_.lease, [this, generation](absl::StatusOr<NodeLease> lease) {
    queue_.Post([this, generation, lease = std::move(lease)]() mutable {
      if (generation == generation_) OnClaimed(std::move(lease));
    });
  });
}

void NodeWatcher::OnClaimed(absl::StatusOr<NodeLease> lease) {
  if (!lease.ok()) {
    if (GetErrorDetail(lease.status()).reason == "LEASE_HELD") held_elsewhere_ = true;
    return Pause(lease.status());
  }
  lease_ = *std::move(lease);
  has_lease_ = true;
  held_elsewhere_ = false;
  Continue();
}

void NodeWatcher::Continue() {
  // What has happened since the committed point is read before a snapshot, so
  // that nothing of it is passed over; a node of another epoch has none of it.
  if (snapshot_needed_ || lease_.epoch.empty()) {
    Reconcile();
  } else {
    Watch();
  }
}

void NodeWatcher::Watch() {
  state_ = State::kWatch;
  const int64_t generation = ++generation_;
  read_held_ = false;
  media::v1::WatchRequest request;
  request.set_epoch(lease_.epoch);
  request.set_after_sequence(lease_.sequence);
  stream_ = client_.Watch(request, {[this, generation](const auto& message) { OnMessage(generation, message); },
                                    [this, generation](const auto& status) { OnStreamEnd(generation, status); }});
}

void NodeWatcher::OnMessage(int64_t generation, const media::v1::WatchResponse& message) {
  if (generation != generation_ || state_ != State::kWatch) return;
  InContact();
  if (message.has_hello()) {
    if (message.hello().epoch() != lease_.epoch) {
      snapshot_needed_ = true;
      return Drain();
    }
    catch_up_ = message.hello().latest_sequence();
    if (!snapshot_.has_value()) {
      if (!in_step_) log::Info("a media node is in step", {{"node_id", node_id_}, {"epoch", lease_.epoch}});
      failures_ = 0;
      in_step_ = true;
      Publish();
    }
  } else if (message.has_event()) {
    if (message.event().has_resync()) {
      snapshot_needed_ = true;
      return Drain();
    }
    OnEvent(message.event());
    // What follows is read after the snapshot.
    if (snapshot_.has_value() && message.event().sequence() >= snapshot_->sequence) return;
  }
  if (!snapshot_.has_value() && reconcile_due_ && lease_.sequence >= catch_up_) return Drain();
  if (waiting_.size() + committing_ < kUncommittedMax) {
    stream_->Next();
  } else {
    read_held_ = true;
  }
}

void NodeWatcher::OnEvent(const media::v1::NodeEvent& event) {
  waiting_.push_back(event);
  events_.fetch_add(1, std::memory_order_relaxed);
  CommitEvents();
}

void NodeWatcher::CommitEvents() {
  if (committing_ > 0 || waiting_.empty()) return;
  committing_ = waiting_.size();
  const int64_t last = waiting_.back().sequence();
  media_nodes_.HandleEvents(lease_, lease_.epoch, std::exchange(waiting_, {}),
                            [this, generation = generation_, last](const absl::Status& status) {
                              queue_.Post([this, generation, last, status] { OnCommitted(generation, last, status); });
                            });
}

void NodeWatcher::OnCommitted(int64_t generation, int64_t last, const absl::Status& status) {
  committing_ = 0;
  if (status.ok()) lease_.sequence = std::max(lease_.sequence, last);
  if (state_ == State::kDrain) return CheckDrained();
  if (generation != generation_ || state_ != State::kWatch) return;
  if (!status.ok()) {
    if (absl::IsOutOfRange(status)) {
      snapshot_needed_ = true;
    } else {
      drain_cause_ = status;
    }
    return Drain();
  }
  if (snapshot_.has_value() ? !CatchesUp() : reconcile_due_ && lease_.sequence >= catch_up_) return Drain();
  CommitEvents();
  if (read_held_) {
    read_held_ = false;
    stream_->Next();
  }
}

void NodeWatcher::OnStreamEnd(int64_t generation, const absl::Status& status) {
  if (generation != generation_) return;
  stream_.reset();
  if (state_ == State::kDrain) return CheckDrained();
  if (absl::IsOutOfRange(status)) {
    // Another epoch, or the log is too short: the node is there, all the same.
    InContact();
    snapshot_needed_ = true;
  } else {
    drain_cause_ = status.ok() ? absl::UnavailableError("the media node ended the Watch") : status;
  }
  state_ = State::kDrain;
  CheckDrained();
}

void NodeWatcher::Drain() {
  state_ = State::kDrain;
  if (stream_ != nullptr) stream_->Cancel();
  CheckDrained();
}

void NodeWatcher::CheckDrained() {
  // What was not handed on is read again: by the next Watch, or in the snapshot.
  waiting_.clear();
  if (stream_ != nullptr || committing_ > 0) return;
  if (!drain_cause_.ok()) return Pause(std::exchange(drain_cause_, absl::OkStatus()));
  if (snapshot_.has_value() && !CatchesUp()) return ApplySnapshot();
  Reconcile();
}

void NodeWatcher::Reconcile() {
  state_ = State::kReconcile;
  const int64_t generation = ++generation_;
  snapshot_.reset();
  const absl::Time requested_at = clock_.Now();
  client_.Snapshot([this, generation, requested_at](absl::StatusOr<NodeSnapshot> snapshot) {
    if (generation != generation_) return;
    if (snapshot.ok()) snapshot->requested_at = requested_at;
    OnSnapshot(std::move(snapshot));
  });
}

void NodeWatcher::OnSnapshot(absl::StatusOr<NodeSnapshot> snapshot) {
  if (!snapshot.ok()) return Pause(snapshot.status());
  InContact();
  snapshot_ = *std::move(snapshot);
  // Where the Watch can't go on from the committed point, what was before is lost.
  const bool has_events = !snapshot_needed_ && snapshot_->epoch == lease_.epoch;
  if (has_events && CatchesUp()) return Watch();
  ApplySnapshot();
}

void NodeWatcher::ApplySnapshot() {
  state_ = State::kReconcile;
  const int64_t generation = ++generation_;
  media_nodes_.Reconcile(lease_, *snapshot_, [this, generation](const absl::Status& status) {
    queue_.Post([this, generation, status] {
      if (generation != generation_) return;
      if (!status.ok()) return Pause(status);
      reconciles_.fetch_add(1, std::memory_order_relaxed);
      lease_.epoch = snapshot_->epoch;
      lease_.sequence = snapshot_->sequence;
      snapshot_.reset();
      reconciled_at_ = monotonic_();
      reconcile_due_ = false;
      snapshot_needed_ = false;
      lost_ = false;
      Watch();
    });
  });
}

void NodeWatcher::Pause(const absl::Status& why) {
  state_ = State::kPause;
  const int64_t generation = ++generation_;
  // After a break the node may lack commands that were under way.
  reconcile_due_ = true;
  snapshot_.reset();
  in_step_ = false;
  if (absl::IsAborted(why)) has_lease_ = false;
  if (failures_++ == 0 && !held_elsewhere_) {
    log::Warning("a media node is not in step", {{"node_id", node_id_}, {"error", why.ToString()}});
  }
  Publish();
  const absl::Duration pause = std::min(kPauseMax, kPauseMin * (1 << std::min(failures_, 5)));
  queue_.PostAfter(pause, [this, generation] {
    if (generation != generation_) return;
    if (has_lease_) return Continue();
    Claim();
  });
}

void NodeWatcher::RenewLease() {
  if (!has_lease_) {
    queue_.PostAfter(options_.lease_renewal, [this] { RenewLease(); });
    return;
  }
  media_nodes_.Renew(lease_, options_.lease, [this, term = lease_.term](const absl::Status& status) {
    queue_.Post([this, term, status] {
      queue_.PostAfter(options_.lease_renewal, [this] { RenewLease(); });
      if (!absl::IsAborted(status) || term != lease_.term) return;
      has_lease_ = false;
      if (state_ == State::kWatch) {
        drain_cause_ = status;
        Drain();
      }
    });
  });
}

void NodeWatcher::Probe() {
  client_.GetNode({}, [this](absl::StatusOr<media::v1::NodeState> node) { OnProbe(std::move(node)); });
}

void NodeWatcher::OnProbe(absl::StatusOr<media::v1::NodeState> node) {
  if (node.ok()) {
    InContact();
    node_.busy = node->busy();
    node_.legs = node->legs();
    node_.legs_max = node->legs_max();
  }
  failed_probes_ = node.ok() ? 0 : failed_probes_ + 1;
  Publish();
  CheckLost();
  const bool is_due = monotonic_() - reconciled_at_ >= options_.reconcile_interval;
  if (state_ == State::kWatch && in_step_ && is_due && !snapshot_.has_value()) Drain();
  queue_.PostAfter(options_.probe_interval, [this] { Probe(); });
}

void NodeWatcher::CheckLost() {
  if (losing_ || !has_lease_ || monotonic_() - contact_at_ < options_.lost_after) return;
  // Else it may be this process that stood still.
  if (failed_probes_ < kFailedProbesMin) return;
  if (!lost_) log::Error("a media node is lost: its calls hang up", {{"node_id", node_id_}});
  losing_ = lost_ = true;
  media_nodes_.GiveUp(lease_, [this](const absl::Status&) {
    queue_.Post([this] {
      // At the next probe again: others may not know it yet and send calls there.
      losing_ = false;
      // The store has forgotten how far it was.
      snapshot_needed_ = true;
    });
  });
}

void NodeWatcher::InContact() {
  contact_at_ = monotonic_();
  has_answered_ = true;
}

void NodeWatcher::Publish() {
  const bool answers = has_answered_ && monotonic_() - contact_at_ < kAnswersMax * options_.probe_interval;
  node_.available = in_step_ || (held_elsewhere_ && answers);
  registry_.Update(node_id_, node_);
}

}  // namespace tutti::control
