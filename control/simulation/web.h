#ifndef CONTROL_SIMULATION_WEB_H_
#define CONTROL_SIMULATION_WEB_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "control/http_client/http_client.h"
#include "control/simulation/webhook_receivers.h"
#include "control/simulation/world.h"

namespace tutti::control::simulation {

// Those whom control calls by HTTP: receivers of webhooks, of which some are slow,
// broken or gone, receivers of the requests of flows, and a server of sounds. It
// remembers what came.
class Web {
 public:
  // Both outlive it.
  Web(World& world, WebhookReceivers& webhooks) : world_(world), webhooks_(webhooks) {}

  struct Answer {
    // What it takes.
    absl::Duration after;
    // 0: there is no connection.
    int status = 0;
    std::string body;
  };
  Answer Take(const HttpRequest& request);
  // A client begins with a request, and has done with it.
  void OnBegin(const HttpRequest& request);
  void OnEnd(const HttpRequest& request);

  // --- Flows' requests, by the id under which they came.

  struct Request {
    std::string body;
    // It was answered so that the flow goes on as after a success.
    bool is_taken = false;
  };
  const std::map<std::string, Request>& requests() const { return requests_; }

 private:
  Answer TakeRequest(const HttpRequest& request);

  World& world_;
  WebhookReceivers& webhooks_;
  std::map<std::string, Request> requests_;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_WEB_H_
