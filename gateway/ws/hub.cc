#include "gateway/ws/hub.h"

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "common/trace/trace_context.h"

namespace tutti::gateway::ws {
namespace {

absl::Status Unavailable() {
  return Error(absl::StatusCode::kUnavailable, "CONTROL_UNAVAILABLE", "The control plane can't be reached; try again.");
}

}  // namespace

// The clients of one key.
class Hub::Group final : public Feed, public std::enable_shared_from_this<Group> {
 public:
  using Waiter = std::function<void(const absl::Status&)>;

  Group(Hub& hub, const std::string& authorization) : hub_(hub) {
    upstream_ = std::make_shared<Upstream>(
        authorization, hub.source_, hub.loop_, hub.clock_, hub.ids_,
        Upstream::Handler{
            [this] { OnBegun(); }, [this](const std::shared_ptr<const Rendered>& event) { OnEvent(event); },
            [this](const absl::Status&) { OnBreak(); }, [this](const absl::Status& status) { OnFailed(status); }});
    hub_.metrics_.upstreams().Increment();
  }
  ~Group() override {
    upstream_->End();
    hub_.metrics_.upstreams().Decrement();
  }

  void Start() { upstream_->Start(); }
  const std::string& authorization() const { return upstream_->authorization(); }
  bool IsIdle() const { return waiters_.empty() && subscribers_.empty(); }

  // Once it is known whether the key is valid.
  void Wait(Waiter waiter) {
    if (begun_) return waiter(absl::OkStatus());
    const uint64_t id = ++last_waiter_;
    waiters_.emplace(id, std::move(waiter));
    hub_.loop_.PostAfter(hub_.limits_.authorize_timeout, [weak = weak_from_this(), id] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      if (auto waiting = self->waiters_.extract(id); !waiting.empty()) waiting.mapped()(Unavailable());
    });
  }

  void Add(ClientId id, const std::shared_ptr<Subscriber>& subscriber) { subscribers_.emplace(id, subscriber); }
  void Remove(ClientId id) { subscribers_.erase(id); }

  // Feed.
  const std::string& cursor() const override { return upstream_->cursor(); }
  std::vector<std::shared_ptr<const Rendered>> Talkers(const std::string& stream) const override {
    return upstream_->Talkers(stream);
  }
  std::shared_ptr<EventSource::Stream> Watch(const std::string& request_id,
                                             const control::v1::WatchEventsRequest& request,
                                             EventSource::Handler handler) override {
    hub_.metrics_.catch_ups().Increment();
    return hub_.source_.Watch(authorization(), {request_id, ContinueTrace(std::nullopt, hub_.ids_)}, request,
                              std::move(handler));
  }
  bool TakeSlot(const std::shared_ptr<Subscriber>& subscriber) override { return hub_.TakeSlot(subscriber); }
  void ReleaseSlot() override { hub_.ReleaseSlot(); }
  absl::Status Follow(const std::string& topic, Subscriber& subscriber) override {
    if (hub_.topics_ >= hub_.limits_.topics_max) {
      return Error(absl::StatusCode::kResourceExhausted, "RATE_LIMIT_EXCEEDED", "The gateway has too many topics.");
    }
    ++hub_.topics_;
    hub_.metrics_.topics().Increment();
    followers_[topic].insert(&subscriber);
    return absl::OkStatus();
  }
  void Unfollow(const std::string& topic, Subscriber& subscriber) override {
    --hub_.topics_;
    hub_.metrics_.topics().Decrement();
    const auto found = followers_.find(topic);
    found->second.erase(&subscriber);
    if (found->second.empty()) followers_.erase(found);
  }
  void CountSent() override { hub_.metrics_.events_sent().Increment(); }

 private:
  void OnBegun() {
    begun_ = true;
    for (auto& [id, waiter] : std::exchange(waiters_, {})) waiter(absl::OkStatus());
    for (const auto& [id, subscriber] : subscribers_) subscriber->OnBegun();
  }

  void OnEvent(const std::shared_ptr<const Rendered>& event) {
    hub_.metrics_.events_received().Increment();
    for (const std::string& topic : {event->event().stream(), std::string(kAllTopic)}) {
      const auto found = followers_.find(topic);
      if (found == followers_.end()) continue;
      for (Subscriber* subscriber : found->second) subscriber->OnEvent(topic, event);
    }
  }

  void OnBreak() {
    hub_.metrics_.upstream_breaks().Increment();
    for (auto& [id, waiter] : std::exchange(waiters_, {})) waiter(Unavailable());
    hub_.EndIfIdle(shared_from_this());
  }

  void OnFailed(const absl::Status& status) {
    const auto self = shared_from_this();
    const bool lost = absl::IsAborted(status);
    // Whoever comes next begins anew.
    hub_.groups_.erase(authorization());
    for (auto& [id, waiter] : std::exchange(waiters_, {})) waiter(lost ? Unavailable() : status);
    const CloseReason reason = lost ? CloseReason::kRestart : CloseReason::kUnauthorized;
    for (const auto& [id, subscriber] : subscribers_) subscriber->Close(reason);
  }

  Hub& hub_;
  std::shared_ptr<Upstream> upstream_;
  bool begun_ = false;
  uint64_t last_waiter_ = 0;
  std::map<uint64_t, Waiter> waiters_;
  std::map<ClientId, std::shared_ptr<Subscriber>> subscribers_;
  // By topic.
  std::map<std::string, std::set<Subscriber*>> followers_;
};

Hub::Hub(EventSource& source, Loop& loop, Clock& clock, IdGenerator& ids, WsMetrics& metrics, Limits limits)
    : source_(source), loop_(loop), clock_(clock), ids_(ids), metrics_(metrics), limits_(limits) {}

Hub::~Hub() { RemoveAll(); }

void Hub::Authorize(const std::string& authorization, std::function<void(const absl::Status&)> done) {
  if (closing_) return done(Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "The gateway is ending."));
  const bool is_new = groups_.count(authorization) == 0;
  if (clients_.size() >= limits_.clients_max || (is_new && groups_.size() >= limits_.upstreams_max)) {
    return done(Error(absl::StatusCode::kUnavailable, "TOO_MANY_CONNECTIONS",
                      "The gateway has as many WebSocket clients as it takes; try again."));
  }
  const auto group = FindOrMakeGroup(authorization);
  group->Wait(std::move(done));
  EndIfIdle(group);
}

Hub::ClientId Hub::Add(const std::string& authorization, const std::string& request_id,
                       std::shared_ptr<Connection> connection) {
  const ClientId id = ++last_client_;
  if (closing_ || clients_.size() >= limits_.clients_max) connection->Close(CloseReason::kGoingAway);
  const auto group = FindOrMakeGroup(authorization);
  const auto subscriber = std::make_shared<Subscriber>(*group, loop_, std::move(connection), request_id);
  group->Add(id, subscriber);
  clients_[id] = {group, subscriber};
  return id;
}

void Hub::OnFrame(ClientId client, const std::string& text) {
  const auto found = clients_.find(client);
  if (found != clients_.end()) found->second.subscriber->OnFrame(text);
}

void Hub::OnDrained(ClientId client) {
  const auto found = clients_.find(client);
  if (found != clients_.end()) found->second.subscriber->OnDrained();
}

void Hub::Remove(ClientId client) {
  auto removed = clients_.extract(client);
  if (removed.empty()) return;
  removed.mapped().subscriber->End();
  removed.mapped().group->Remove(client);
  EndIfIdle(removed.mapped().group);
}

void Hub::RemoveAll() {
  while (!clients_.empty()) Remove(clients_.begin()->first);
}

void Hub::CloseAll() {
  closing_ = true;
  for (const auto& [id, client] : clients_) client.subscriber->Close(CloseReason::kGoingAway);
}

std::shared_ptr<Hub::Group> Hub::FindOrMakeGroup(const std::string& authorization) {
  std::shared_ptr<Group>& group = groups_[authorization];
  if (group == nullptr) {
    group = std::make_shared<Group>(*this, authorization);
    group->Start();
  }
  return group;
}

void Hub::EndIfIdle(const std::shared_ptr<Group>& group) {
  if (!group->IsIdle()) return;
  loop_.PostAfter(limits_.upstream_linger, [this, weak = std::weak_ptr<Group>(group)] {
    const auto idle = weak.lock();
    if (idle == nullptr || !idle->IsIdle()) return;
    const auto found = groups_.find(idle->authorization());
    if (found != groups_.end() && found->second == idle) groups_.erase(found);
  });
}

bool Hub::TakeSlot(const std::shared_ptr<Subscriber>& subscriber) {
  if (slots_taken_ < limits_.catch_ups_max) {
    ++slots_taken_;
    return true;
  }
  slot_waiters_.push_back(subscriber);
  return false;
}

void Hub::ReleaseSlot() {
  --slots_taken_;
  while (!slot_waiters_.empty()) {
    const auto next = slot_waiters_.front().lock();
    slot_waiters_.pop_front();
    if (next == nullptr) continue;
    ++slots_taken_;
    loop_.Post([this, weak = std::weak_ptr<Subscriber>(next)] {
      if (const auto subscriber = weak.lock()) {
        subscriber->OnSlot();
      } else {
        ReleaseSlot();
      }
    });
    return;
  }
}

}  // namespace tutti::gateway::ws
