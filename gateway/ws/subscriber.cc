#include "gateway/ws/subscriber.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::gateway::ws {
namespace {

// Frames that wait for the client, at which catching up pauses.
constexpr size_t kPauseFrames = 256;
// Events of `all` that wait for the end of its catching up; with more it is done
// once more from where it was.
constexpr size_t kHeldMax = 1024;
// After a Watch that failed.
constexpr absl::Duration kRetryPause = absl::Seconds(1);

}  // namespace

Subscriber::Subscriber(Feed& feed, Loop& loop, std::shared_ptr<Connection> connection, std::string request_id)
    : feed_(feed), loop_(loop), connection_(std::move(connection)), request_id_(std::move(request_id)) {}

void Subscriber::OnFrame(const std::string& text) {
  if (ended_) return;
  const auto frame = ReadClientFrame(text);
  if (!frame.ok()) return SendError(frame.status(), "");
  if (frame->type() == "ping") return Send(PongFrame());
  for (const Topic& topic : frame->topics()) {
    if (frame->type() == "subscribe") {
      Subscribe(topic, *frame);
    } else {
      Drop(topic.topic());
      Send(UnsubscribedFrame(topic.topic()));
    }
  }
  JoinNext();
}

void Subscriber::Subscribe(const Topic& topic, const ClientFrame& frame) {
  const std::string& name = topic.topic();
  // Anew, where it is there.
  Drop(name);
  const bool all = name == kAllTopic;
  if (!subscriptions_.empty() && (all || subscriptions_.count(kAllTopic) != 0)) {
    return SendError(Error(absl::StatusCode::kFailedPrecondition, "STATE_INVALID",
                           "The topic all has every other in it: unsubscribe from what is there first."),
                     name);
  }
  if (subscriptions_.size() >= kTopicsMax) {
    return SendError(Error(absl::StatusCode::kResourceExhausted, "RATE_LIMIT_EXCEEDED",
                           absl::StrCat("A connection has at most ", kTopicsMax, " topics.")),
                     name);
  }
  if (absl::Status followed = feed_.Follow(name, *this); !followed.ok()) return SendError(followed, name);
  Subscription& subscription = subscriptions_[name];
  if (topic.has_after_sequence()) subscription.last = topic.after_sequence();
  subscription.cursor = topic.cursor();
  subscription.types.insert(frame.event_types().begin(), frame.event_types().end());
  subscription.live = frame.live();
  to_join_.push_back(name);
}

void Subscriber::Drop(const std::string& topic) {
  if (subscriptions_.erase(topic) == 0) return;
  feed_.Unfollow(topic, *this);
  to_join_.erase(std::remove(to_join_.begin(), to_join_.end(), topic), to_join_.end());
  if (catching_up_ != topic) return;
  catching_up_.clear();
  ++generation_;
  paused_ = false;
  if (catch_up_ != nullptr) std::exchange(catch_up_, nullptr)->Cancel();
}

void Subscriber::End() {
  ended_ = true;
  while (!subscriptions_.empty()) Drop(std::string(subscriptions_.begin()->first));
  if (std::exchange(has_slot_, false)) feed_.ReleaseSlot();
}

void Subscriber::OnSlot() {
  if (ended_) return feed_.ReleaseSlot();
  waits_for_slot_ = false;
  has_slot_ = true;
  JoinNext();
}

void Subscriber::OnDrained() {
  if (std::exchange(paused_, false) && catch_up_ != nullptr) catch_up_->Next();
}

void Subscriber::JoinNext() {
  if (ended_ || feed_.cursor().empty()) return;
  while (catching_up_.empty() && !to_join_.empty()) {
    const std::string topic = to_join_.front();
    Subscription& subscription = subscriptions_.at(topic);
    if (topic == kAllTopic && (subscription.cursor.empty() || subscription.cursor == feed_.cursor())) {
      to_join_.pop_front();
      Acknowledge(topic, subscription);
      Join(topic, subscription);
      continue;
    }
    if (!has_slot_) {
      if (waits_for_slot_) return;
      waits_for_slot_ = !feed_.TakeSlot(shared_from_this());
      if (waits_for_slot_) return;
      has_slot_ = true;
    }
    to_join_.pop_front();
    StartCatchUp(topic, subscription);
  }
  if (catching_up_.empty() && std::exchange(has_slot_, false)) feed_.ReleaseSlot();
}

void Subscriber::StartCatchUp(const std::string& topic, Subscription& subscription) {
  catching_up_ = topic;
  subscription.state = State::kCatchingUp;
  subscription.newest = 0;
  subscription.held_overflow = false;
  control::v1::WatchEventsRequest request;
  if (topic == kAllTopic) {
    subscription.until = feed_.cursor();
    request.set_cursor(subscription.cursor);
    request.set_until_cursor(subscription.until);
  } else {
    request.set_stream(topic);
    // From now on: nothing but the question whether it is there.
    request.set_after_sequence(subscription.last.value_or(std::numeric_limits<int64_t>::max()));
    request.set_ends(true);
  }
  const auto guard = [weak = weak_from_this(), generation = ++generation_](auto action) {
    const auto self = weak.lock();
    if (self != nullptr && !self->ended_ && self->generation_ == generation) action(*self);
  };
  catch_up_ = feed_.Watch(
      request_id_, request,
      {[](const std::string&) {},
       [guard](const control::v1::Event& event) { guard([&](Subscriber& self) { self.OnCatchUpEvent(event); }); },
       [guard](const absl::Status& status) { guard([&](Subscriber& self) { self.OnCatchUpEnd(status); }); }});
}

void Subscriber::OnCatchUpEvent(const control::v1::Event& event) {
  Subscription& subscription = subscriptions_.at(catching_up_);
  Acknowledge(catching_up_, subscription);
  const bool all = catching_up_ == kAllTopic;
  if (all || event.sequence() > subscription.last.value_or(0)) {
    if (all) {
      subscription.cursor = event.cursor();
    } else {
      subscription.last = event.sequence();
    }
    Deliver(catching_up_, subscription, Rendered(event));
  }
  if (connection_->Waiting() < kPauseFrames) {
    catch_up_->Next();
  } else {
    paused_ = true;
  }
}

void Subscriber::OnCatchUpEnd(const absl::Status& status) {
  catch_up_ = nullptr;
  ++generation_;
  paused_ = false;
  const std::string topic = std::exchange(catching_up_, "");
  Subscription& subscription = subscriptions_.at(topic);
  switch (status.code()) {
    case absl::StatusCode::kOk:
      CaughtUp(topic, subscription);
      break;
    case absl::StatusCode::kOutOfRange:
      Gap(topic, subscription);
      break;
    case absl::StatusCode::kFailedPrecondition:
      Ahead(topic, subscription);
      break;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kInvalidArgument:
      SendError(status, topic);
      Drop(topic);
      break;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      connection_->Close(CloseReason::kUnauthorized);
      break;
    default:
      subscription.state = State::kWaiting;
      loop_.PostAfter(kRetryPause, [weak = weak_from_this(), topic] {
        const auto self = weak.lock();
        if (self == nullptr || self->ended_) return;
        const auto found = self->subscriptions_.find(topic);
        if (found == self->subscriptions_.end() || found->second.state != State::kWaiting) return;
        self->Requeue(topic, found->second);
        self->JoinNext();
      });
  }
  JoinNext();
}

void Subscriber::CaughtUp(const std::string& topic, Subscription& subscription) {
  Acknowledge(topic, subscription);
  if (topic == kAllTopic) {
    subscription.cursor = subscription.until;
    if (subscription.held_overflow) return Requeue(topic, subscription);
  } else if (subscription.last.has_value() && subscription.newest > *subscription.last) {
    // The feed has brought more meanwhile.
    return Requeue(topic, subscription);
  }
  Join(topic, subscription);
}

void Subscriber::Gap(const std::string& topic, Subscription& subscription) {
  Acknowledge(topic, subscription);
  Send(GapFrame(topic, subscription.last, subscription.cursor));
  subscription.last.reset();
  subscription.cursor = subscription.until;
  if (subscription.held_overflow) return Requeue(topic, subscription);
  Join(topic, subscription);
}

void Subscriber::Ahead(const std::string& topic, Subscription& subscription) {
  Acknowledge(topic, subscription);
  // What the feed has brought since may be what it lacked.
  if (!subscription.held.empty() || subscription.held_overflow) return Requeue(topic, subscription);
  subscription.state = State::kAhead;
}

void Subscriber::Requeue(const std::string& topic, Subscription& subscription) {
  subscription.state = State::kWaiting;
  // It is behind where the next catching up ends.
  subscription.held.clear();
  if (std::find(to_join_.begin(), to_join_.end(), topic) == to_join_.end()) to_join_.push_back(topic);
}

void Subscriber::Acknowledge(const std::string& topic, Subscription& subscription) {
  if (std::exchange(subscription.acknowledged, true)) return;
  const bool from_now = topic == kAllTopic && subscription.cursor.empty();
  Send(SubscribedFrame(topic, from_now ? feed_.cursor() : subscription.cursor));
}

void Subscriber::Join(const std::string& topic, Subscription& subscription) {
  subscription.state = State::kJoined;
  for (const auto& talker : feed_.Talkers(topic == kAllTopic ? "" : topic)) Deliver(topic, subscription, *talker);
  // Live ones are not held: who talks was just told.
  for (const auto& event : std::exchange(subscription.held, {})) Deliver(topic, subscription, *event);
}

void Subscriber::OnEvent(const std::string& topic, const std::shared_ptr<const Rendered>& event) {
  const auto found = subscriptions_.find(topic);
  if (found == subscriptions_.end()) return;
  Subscription& subscription = found->second;
  if (event->event().sequence() == 0) {
    if (subscription.state == State::kJoined) Deliver(topic, subscription, *event);
    return;
  }
  OnStored(topic, subscription, event);
}

void Subscriber::OnStored(const std::string& topic, Subscription& subscription,
                          const std::shared_ptr<const Rendered>& event) {
  const int64_t sequence = event->event().sequence();
  if (topic == kAllTopic) {
    if (subscription.state == State::kJoined) return Deliver(topic, subscription, *event);
    if (subscription.state == State::kAhead) {
      Requeue(topic, subscription);
      return JoinNext();
    }
    if (subscription.state != State::kCatchingUp) return;
    if (subscription.held.size() >= kHeldMax) subscription.held_overflow = true;
    if (!subscription.held_overflow) subscription.held.push_back(event);
    return;
  }
  subscription.newest = std::max(subscription.newest, sequence);
  if (subscription.state != State::kJoined) return;
  if (!subscription.last.has_value() || sequence == *subscription.last + 1) {
    subscription.last = sequence;
    Deliver(topic, subscription, *event);
  } else if (sequence > *subscription.last) {
    Requeue(topic, subscription);
    JoinNext();
  }
}

void Subscriber::Deliver(const std::string& topic, const Subscription& subscription, const Rendered& event) {
  const std::string& type = event.event().type();
  const bool is_named = subscription.types.count(type) != 0;
  if (event.event().sequence() == 0 ? !is_named && !(subscription.live && subscription.types.empty())
                                    : !is_named && !subscription.types.empty()) {
    return;
  }
  feed_.CountSent();
  connection_->Send(event.Frame(/*with_cursor=*/topic == kAllTopic));
}

void Subscriber::Send(std::string frame) { connection_->Send(std::make_shared<const std::string>(std::move(frame))); }

void Subscriber::SendError(const absl::Status& status, const std::string& topic) {
  Send(ErrorFrame(status, topic, request_id_));
}

}  // namespace tutti::gateway::ws
