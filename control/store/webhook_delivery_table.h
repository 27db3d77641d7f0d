#ifndef CONTROL_STORE_WEBHOOK_DELIVERY_TABLE_H_
#define CONTROL_STORE_WEBHOOK_DELIVERY_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/store/sql/connection.h"
#include "control/store/table.h"
#include "tutti/control/v1/event.pb.h"
#include "tutti/control/v1/webhook.pb.h"

namespace tutti::control {

// What is sent to webhooks. A delivery is an event for a webhook; a lane is a
// stream in which deliveries of a webhook wait, with the time of its next attempt.
//
// Whoever writes here but for the purge locks the engine's row first: then it is
// alone with all webhooks, lanes and deliveries.
class WebhookDeliveryTable {
 public:
  using State = v1::WebhookDelivery::State;

  explicit WebhookDeliveryTable(sql::Connection& connection) : connection_(connection) {}

  struct Engine {
    std::string owner;
    // Goes up with each claim.
    int64_t term = 0;
    // Unix microseconds, the data base's clock.
    int64_t lease_until_us = 0;
    // Of the last event that was fanned out.
    int64_t position = 0;
    // Of the webhooks and of what was replayed.
    int64_t generation = 0;
  };
  absl::StatusOr<Engine> FindEngine(Lock lock);
  absl::Status SetLease(const std::string& owner, int64_t term, int64_t lease_until_us);
  absl::Status SetPosition(int64_t position);
  absl::Status BumpGeneration();

  struct Delivery {
    std::string webhook_id;
    std::string stream;
    int64_t sequence = 0;
    // The event's.
    std::string id;
    std::string type;
    int64_t tm_create_us = 0;
    State state = v1::WebhookDelivery::STATE_PENDING;
    int attempts = 0;
    int last_status = 0;
    std::string last_error;
    // 0: not yet.
    int64_t tm_update_us = 0;
    int64_t next_attempt_us = 0;
  };

  // The event waits for the webhook, once; its lane is due now if it is new.
  absl::Status Add(const std::string& webhook_id, const v1::Event& event, int64_t now_us);
  // As if it never had been sent; its lane is due now.
  absl::Status AddAgain(const std::string& webhook_id, const v1::Event& event, int64_t now_us);
  // The same with at most `limit` dead letters, oldest first; how many.
  absl::StatusOr<int64_t> ReplayDead(const std::string& webhook_id, int limit, int64_t now_us);

  // Writes state, attempts and what came of the last one; nothing where it is
  // gone.
  absl::Status Update(const Delivery& delivery);

  struct Lane {
    std::string stream;
    int64_t next_attempt_us = 0;
  };
  // Those that are due, the longest first.
  absl::StatusOr<std::vector<Lane>> FindDueLanes(const std::string& webhook_id, int64_t now_us, int limit);
  // When the next one is due that isn't now; 0: none.
  absl::StatusOr<int64_t> NextLaneDue(const std::string& webhook_id, int64_t now_us);
  // What a lane has to send first; nothing: it is empty.
  absl::StatusOr<std::optional<Delivery>> FindHead(const std::string& webhook_id, const std::string& stream);
  absl::Status SetLane(const std::string& webhook_id, const std::string& stream, int64_t next_attempt_us);
  absl::Status DeleteLane(const std::string& webhook_id, const std::string& stream);

  // Newest first; of any state where it is 0.
  absl::StatusOr<std::vector<Delivery>> List(const std::string& webhook_id, int state, const PageStart& start,
                                             int limit);

  // A webhook is deleted: what there is of it is not sent any more, and deleted by
  // and by.
  absl::Status Abandon(const std::string& webhook_id);
  // Deletes at most `limit` deliveries of events from before, and as many of
  // webhooks that are gone.
  absl::StatusOr<int64_t> Purge(int64_t created_before_us, int limit);

  struct Counts {
    int64_t pending = 0;
    int64_t dead = 0;
    // When the event happened that waits for the longest; 0: none waits.
    int64_t oldest_us = 0;
  };
  absl::StatusOr<Counts> Count();

 private:
  absl::Status WakeLane(const std::string& webhook_id, const std::string& stream, int64_t now_us);

  sql::Connection& connection_;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_WEBHOOK_DELIVERY_TABLE_H_
