#ifndef GATEWAY_WS_HUB_H_
#define GATEWAY_WS_HUB_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "common/clock/clock.h"
#include "common/id/id.h"
#include "gateway/ws/connection.h"
#include "gateway/ws/event_source.h"
#include "gateway/ws/loop.h"
#include "gateway/ws/subscriber.h"
#include "gateway/ws/upstream.h"
#include "gateway/ws/ws_metrics.h"

namespace tutti::gateway::ws {

// All WebSocket clients: those of one key share one Watch of all its events. On
// the loop.
class Hub {
 public:
  struct Limits {
    size_t clients_max = 5000;
    // Of all clients.
    size_t topics_max = 50'000;
    // Keys at a time.
    size_t upstreams_max = 1000;
    // Catch-up Watches at a time.
    int catch_ups_max = 64;
    // For the control plane to say whether a key is valid.
    absl::Duration authorize_timeout = absl::Seconds(5);
    // A Watch without clients is kept so long.
    absl::Duration upstream_linger = absl::Seconds(10);
  };
  using ClientId = uint64_t;

  // The references outlive it.
  Hub(EventSource& source, Loop& loop, Clock& clock, IdGenerator& ids, WsMetrics& metrics, Limits limits);
  ~Hub();

  // Whether a client with this Authorization header may connect: UNAUTHENTICATED,
  // UNAVAILABLE, RESOURCE_EXHAUSTED.
  void Authorize(const std::string& authorization, std::function<void(const absl::Status&)> done);

  ClientId Add(const std::string& authorization, const std::string& request_id, std::shared_ptr<Connection> connection);
  void OnFrame(ClientId client, const std::string& text);
  // It has few frames left to take.
  void OnDrained(ClientId client);
  void Remove(ClientId client);
  void RemoveAll();

  // Closes all clients; later ones at once.
  void CloseAll();

  size_t clients() const { return clients_.size(); }

 private:
  class Group;
  struct Client {
    std::shared_ptr<Group> group;
    std::shared_ptr<Subscriber> subscriber;
  };

  std::shared_ptr<Group> FindOrMakeGroup(const std::string& authorization);
  void EndIfIdle(const std::shared_ptr<Group>& group);
  bool TakeSlot(const std::shared_ptr<Subscriber>& subscriber);
  void ReleaseSlot();

  EventSource& source_;
  Loop& loop_;
  Clock& clock_;
  IdGenerator& ids_;
  WsMetrics& metrics_;
  const Limits limits_;
  bool closing_ = false;
  ClientId last_client_ = 0;
  size_t topics_ = 0;
  int slots_taken_ = 0;
  std::deque<std::weak_ptr<Subscriber>> slot_waiters_;
  // By the Authorization header.
  std::map<std::string, std::shared_ptr<Group>> groups_;
  std::map<ClientId, Client> clients_;
};

}  // namespace tutti::gateway::ws

#endif  // GATEWAY_WS_HUB_H_
