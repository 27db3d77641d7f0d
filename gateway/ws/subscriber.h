#ifndef GATEWAY_WS_SUBSCRIBER_H_
#define GATEWAY_WS_SUBSCRIBER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "gateway/ws/connection.h"
#include "gateway/ws/event_source.h"
#include "gateway/ws/frames.h"
#include "gateway/ws/loop.h"
#include "gateway/ws/rendered.h"

namespace tutti::gateway::ws {

class Subscriber;

// What a subscriber needs of its customer's events.
class Feed {
 public:
  virtual ~Feed() = default;

  // Of the last event that went to OnEvent; empty: nothing is known yet.
  virtual const std::string& cursor() const = 0;
  virtual std::vector<std::shared_ptr<const Rendered>> Talkers(const std::string& stream) const = 0;
  // A Watch of its own, of what has happened.
  virtual std::shared_ptr<EventSource::Stream> Watch(const std::string& request_id,
                                                     const control::v1::WatchEventsRequest& request,
                                                     EventSource::Handler handler) = 0;
  // Few of those are open at a time. False: the subscriber gets OnSlot later.
  virtual bool TakeSlot(const std::shared_ptr<Subscriber>& subscriber) = 0;
  virtual void ReleaseSlot() = 0;
  // From now on OnEvent is called for the topic; RESOURCE_EXHAUSTED.
  virtual absl::Status Follow(const std::string& topic, Subscriber& subscriber) = 0;
  virtual void Unfollow(const std::string& topic, Subscriber& subscriber) = 0;
  virtual void CountSent() = 0;
};

// One client's subscriptions. A topic that begins at an old point is caught up by
// a short Watch of its own, one after the other, and then joins what the customer's
// one Watch brings: by the stream's sequence, or, for `all`, at a cursor. On the loop.
class Subscriber : public std::enable_shared_from_this<Subscriber> {
 public:
  static constexpr int kTopicsMax = 100;

  // The references outlive it.
  Subscriber(Feed& feed, Loop& loop, std::shared_ptr<Connection> connection, std::string request_id);

  void OnFrame(const std::string& text);
  // Of a topic that it follows.
  void OnEvent(const std::string& topic, const std::shared_ptr<const Rendered>& event);
  // The feed's cursor is known.
  void OnBegun() { JoinNext(); }
  void OnSlot();
  // The connection has few frames left.
  void OnDrained();
  void Close(CloseReason reason) { connection_->Close(reason); }
  // Last: lets go of everything.
  void End();

 private:
  struct Subscription {
    enum class State {
      // For its turn to catch up.
      kWaiting,
      kCatchingUp,
      // Of `all`: the client has been told more than the feed has brought.
      kAhead,
      kJoined,
    };
    State state = State::kWaiting;
    // The client knows that it has begun.
    bool acknowledged = false;
    // Of a stream: the last sequence that was sent; none: from now on.
    std::optional<int64_t> last;
    // Of a stream: the highest that the feed has brought.
    int64_t newest = 0;
    // Of all: the point that the client has; empty: from now on.
    std::string cursor;
    // Of all: where the catching up ends, and what the feed has brought since.
    std::string until;
    std::deque<std::shared_ptr<const Rendered>> held;
    bool held_overflow = false;
    std::set<std::string> types;
    bool live = false;
  };
  using State = Subscription::State;

  void Subscribe(const Topic& topic, const ClientFrame& frame);
  void Drop(const std::string& topic);
  void JoinNext();
  void StartCatchUp(const std::string& topic, Subscription& subscription);
  void OnCatchUpEvent(const control::v1::Event& event);
  void OnCatchUpEnd(const absl::Status& status);
  void CaughtUp(const std::string& topic, Subscription& subscription);
  void Gap(const std::string& topic, Subscription& subscription);
  void Ahead(const std::string& topic, Subscription& subscription);
  void Requeue(const std::string& topic, Subscription& subscription);
  void Acknowledge(const std::string& topic, Subscription& subscription);
  void Join(const std::string& topic, Subscription& subscription);
  void OnStored(const std::string& topic, Subscription& subscription, const std::shared_ptr<const Rendered>& event);
  void Deliver(const std::string& topic, const Subscription& subscription, const Rendered& event);
  void Send(std::string frame);
  void SendError(const absl::Status& status, const std::string& topic);

  Feed& feed_;
  Loop& loop_;
  const std::shared_ptr<Connection> connection_;
  const std::string request_id_;
  bool ended_ = false;
  std::map<std::string, Subscription> subscriptions_;
  // Topics that wait to be caught up.
  std::deque<std::string> to_join_;
  bool waits_for_slot_ = false;
  bool has_slot_ = false;
  // The one that is being caught up; empty: none.
  std::string catching_up_;
  std::shared_ptr<EventSource::Stream> catch_up_;
  int64_t generation_ = 0;
  // The catch-up waits for the connection.
  bool paused_ = false;
};

}  // namespace tutti::gateway::ws

#endif  // GATEWAY_WS_SUBSCRIBER_H_
