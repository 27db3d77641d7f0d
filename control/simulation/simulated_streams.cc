#include "control/simulation/simulated_streams.h"

namespace tutti::control::simulation {
namespace {

// Until a silent connection is given up.
constexpr absl::Duration kKeepalive = absl::Seconds(8);

}  // namespace

void SimulatedWatch::Start() {
  on_change_ = std::make_shared<std::function<void()>>([this] { Pump(); });
  line_->node.OnChange(on_change_);
  Keepalive();
  if (line_->world.random.Chance(line_->faults.request_lost)) return;
  line_->world.After(line_->Delay(), [self = shared_from_this()] { self->Arrive(); });
}

void SimulatedWatch::Next() {
  wants_ = true;
  Pump();
}

void SimulatedWatch::Arrive() {
  const SimulatedNode& node = line_->node;
  if (!line_->IsUp()) return node.is_up() ? void() : EndSoon(NodeUnreachable());
  epoch_ = node.epoch();
  next_ = request_.after_sequence() + 1;
  if ((!request_.epoch().empty() && request_.epoch() != epoch_) || next_ < node.oldest_sequence()) {
    return EndSoon(absl::OutOfRangeError("take a snapshot"));
  }
  media::v1::WatchResponse hello;
  hello.mutable_hello()->set_epoch(epoch_);
  hello.mutable_hello()->set_oldest_sequence(node.oldest_sequence());
  hello.mutable_hello()->set_latest_sequence(node.latest_sequence());
  Send(hello);
}

void SimulatedWatch::Pump() {
  const SimulatedNode& node = line_->node;
  if (is_over_ || epoch_.empty()) return;
  if (!node.is_up() || node.epoch() != epoch_) return EndSoon(NodeUnreachable());
  if (!wants_ || is_sending_) return;
  if (next_ < node.oldest_sequence()) return EndSoon(absl::OutOfRangeError("the log is too short"));
  const media::v1::NodeEvent* event = node.FindEvent(next_);
  if (event == nullptr) return;
  ++next_;
  media::v1::WatchResponse response;
  *response.mutable_event() = *event;
  Send(response);
}

void SimulatedWatch::Send(const media::v1::WatchResponse& message) {
  is_sending_ = true;
  wants_ = false;
  line_->world.After(line_->Delay(), [self = shared_from_this(), message] {
    // What gets lost on the way is missed with the next keepalive.
    if (self->is_over_ || !self->line_->IsUp() || self->line_->queue == nullptr) return;
    self->is_sending_ = false;
    self->line_->queue->Post([self, message] { self->handler_.on_message(message); });
    self->Pump();
  });
}

void SimulatedWatch::Keepalive() {
  line_->world.After(kKeepalive, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->is_over_) return;
    if (!self->line_->IsUp() || self->is_sending_ || self->epoch_.empty()) return self->EndSoon(NodeUnreachable());
    self->Keepalive();
  });
}

void SimulatedWatch::EndSoon(const absl::Status& status) {
  if (std::exchange(is_over_, true)) return;
  on_change_ = nullptr;
  line_->world.After(line_->world.random.Between(absl::ZeroDuration(), kNodeDelayMax),
                     [self = shared_from_this(), status] {
                       if (self->line_->queue == nullptr) return;
                       self->line_->queue->Post([self, status] { self->handler_.on_end(status); });
                     });
}

void SimulatedLiveWatch::Start() {
  Keepalive();
  if (line_->world.random.Chance(line_->faults.request_lost)) return;
  line_->world.After(line_->Delay(), [self = shared_from_this()] { self->Arrive(); });
}

void SimulatedLiveWatch::Next() {
  wants_ = true;
  Pump();
}

void SimulatedLiveWatch::Arrive() {
  SimulatedNode& node = line_->node;
  if (!line_->IsUp()) return node.is_up() ? void() : EndSoon(NodeUnreachable());
  epoch_ = node.epoch();
  media::v1::WatchLiveResponse hello;
  hello.mutable_hello()->set_epoch(epoch_);
  hello.mutable_hello()->set_latest_sequence(node.latest_live_sequence());
  waiting_.push_back(hello);
  wants_ = true;
  on_event_ = std::make_shared<std::function<void(const media::v1::LiveEvent&)>>([this](const auto& event) {
    *waiting_.emplace_back().mutable_event() = event;
    Pump();
  });
  node.OnLive(on_event_);
  Pump();
}

void SimulatedLiveWatch::Pump() {
  if (is_over_ || epoch_.empty()) return;
  if (!line_->node.is_up() || line_->node.epoch() != epoch_) return EndSoon(NodeUnreachable());
  if (!wants_ || is_sending_ || waiting_.empty()) return;
  is_sending_ = true;
  wants_ = false;
  line_->world.After(line_->Delay(), [self = shared_from_this(), message = waiting_.front()] {
    if (self->is_over_ || !self->line_->IsUp() || self->line_->queue == nullptr) return;
    self->is_sending_ = false;
    self->line_->queue->Post([self, message] { self->handler_.on_message(message); });
    self->Pump();
  });
  waiting_.pop_front();
}

void SimulatedLiveWatch::Keepalive() {
  line_->world.After(kKeepalive, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->is_over_) return;
    const bool is_there = self->line_->IsUp() && self->line_->node.epoch() == self->epoch_;
    if (!is_there || self->is_sending_) return self->EndSoon(NodeUnreachable());
    self->Keepalive();
  });
}

void SimulatedLiveWatch::EndSoon(const absl::Status& status) {
  if (std::exchange(is_over_, true)) return;
  on_event_ = nullptr;
  line_->world.After(line_->world.random.Between(absl::ZeroDuration(), kNodeDelayMax),
                     [self = shared_from_this(), status] {
                       if (self->line_->queue == nullptr) return;
                       self->line_->queue->Post([self, status] { self->handler_.on_end(status); });
                     });
}

}  // namespace tutti::control::simulation
