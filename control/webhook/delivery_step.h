#ifndef CONTROL_WEBHOOK_DELIVERY_STEP_H_
#define CONTROL_WEBHOOK_DELIVERY_STEP_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "control/store/transaction.h"

namespace tutti::control {

// (webhook, stream): one request is in flight in it.
using WebhookLane = std::pair<std::string, std::string>;

// Enabled ones, in the order of their ids.
using WebhookRecords = std::vector<store::WebhookRecord>;

// Whether a webhook with this filter wants such an event: an empty one wants all
// but live ones.
bool WantsEvent(const v1::Webhook& webhook, const std::string& type);

// What came of a request.
struct WebhookOutcome {
  enum class Kind {
    kDelivered,
    // To be sent again.
    kRetry,
    // Given up.
    kDead,
    // 410: as kRetry, and the webhook is disabled.
    kGone,
  };
  Kind kind = Kind::kDelivered;
  // As it shall be written.
  WebhookDeliveryTable::Delivery delivery;
};

// What one step of the delivery engine begins with.
struct DeliveryPlan {
  std::string owner;
  // Of the lease that the engine believes to have; 0: none.
  int64_t term = 0;
  // Longer than any request, so that none is under way when another one takes over.
  absl::Duration lease;
  // Else it is only looked at.
  bool renew = false;
  // By the replica's clock.
  int64_t now_us = 0;

  // Of `hooks`; where it isn't the store's any more they are read anew.
  int64_t generation = 0;
  std::shared_ptr<const WebhookRecords> hooks;
  struct Hook {
    int in_flight = 0;
    // Most in flight.
    int slots = 0;
    // When a lane is due; one that is not is not looked for.
    int64_t due_us = 0;
  };
  // By id; of one that is not there it is `new_hook`.
  std::map<std::string, Hook> states;
  Hook new_hook;
  // Who is served first: the one behind this id.
  std::string turn;

  // Lanes that must wait, without those of the outcomes.
  std::set<WebhookLane> in_flight;
  int in_flight_max = 0;
  // Places that only webhooks with nothing in flight may take.
  int reserved = 0;
  // Of earlier sends under this term.
  std::vector<WebhookOutcome> outcomes;
  int fan_out_max = 0;
};

struct DeliveryResult {
  // False: another one has the lease, and nothing was done.
  bool is_owner = false;
  int64_t term = 0;
  // The lease was written.
  bool has_lease_anew = false;

  int64_t generation = 0;
  // Where they were read anew; else null.
  std::shared_ptr<const WebhookRecords> hooks;
  // As DeliveryPlan::Hook::due_us; of all.
  std::map<std::string, int64_t> due_us;

  struct Send {
    WebhookDeliveryTable::Delivery delivery;
    v1::Event event;
  };
  // To be sent now.
  std::vector<Send> sends;
  // There is more to do at once.
  bool has_more = false;
};

// One step: holds the lease, writes what came of requests, turns new events into
// deliveries together with the position up to which that is done, and picks what
// is due. May be run again from the same plan.
absl::StatusOr<DeliveryResult> RunDeliveryStep(Transaction& tx, const DeliveryPlan& plan);

}  // namespace tutti::control

#endif  // CONTROL_WEBHOOK_DELIVERY_STEP_H_
