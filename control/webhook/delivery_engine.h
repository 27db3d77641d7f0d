#ifndef CONTROL_WEBHOOK_DELIVERY_ENGINE_H_
#define CONTROL_WEBHOOK_DELIVERY_ENGINE_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/id/id.h"
#include "common/trace/trace_context.h"
#include "control/http_client/http_client.h"
#include "control/scheduler/task_queue.h"
#include "control/store/store.h"
#include "control/webhook/delivery_step.h"
#include "tutti/control/v1/event.pb.h"

namespace tutti::control {

// Sends committed events to webhooks: each at least once, those of a stream in
// order and one at a time, streams and webhooks without waiting for each other.
//
// One replica at a time does so, under a lease that is longer than a request.
// Everything that must last is in the store: a step writes what came of requests,
// fans new events out and picks what to send next (delivery_step.h); requests leave
// after its commit. What a dead owner had in flight is sent again by the next.
//
// Lives on the task queue but for what says otherwise.
class DeliveryEngine {
 public:
  struct Options {
    absl::Duration request_timeout = absl::Seconds(10);
    absl::Duration lease = absl::Seconds(15);
    // Between two looks for what others have left.
    absl::Duration poll_interval = absl::Seconds(1);
    int in_flight_max = 256;
    int webhook_in_flight_max = 8;
    // Of in_flight_max, for webhooks that have nothing in flight.
    int reserved = 64;
    int fan_out_max = 500;
    // Doubled with each attempt, up to the maximum.
    absl::Duration backoff_min = absl::Seconds(1);
    absl::Duration backoff_max = absl::Hours(1);
    // Each pause is so much shorter or longer, by chance.
    double jitter = 0.2;
    int attempts_max = 30;
    // Of an event this old no more attempts than this.
    absl::Duration age_max = absl::Hours(24);
    int old_attempts_max = 5;
    // After so many failures in a row a webhook gets one request at a time, with
    // pauses, until one succeeds.
    int failures_max = 8;
    absl::Duration failing_pause = absl::Seconds(1);
    // Live events that wait for a webhook; the oldest give way.
    int live_waiting_max = 64;
  };

  struct Report {
    enum class What { kDelivered, kFailed, kDead, kGone, kLiveDelivered, kLiveLost };
    What what;
    // Since the event happened.
    absl::Duration age;
  };

  // All outlive it. `owner` is the replica, as for media nodes; `random` gives numbers
  // from 0 to 1; `on_report` is called on the queue for each request's end.
  DeliveryEngine(Store& store, HttpClient& http, TaskQueue& queue, Clock& clock, IdGenerator& ids,
                 MonotonicClock monotonic, std::string owner, std::function<double()> random,
                 std::function<void(const Report&)> on_report, Options options);

  // Once. Thread-safe.
  void Start();

  // There may be new events. Thread-safe; does not block.
  void OnEvents();
  // A webhook was changed, or something is to be replayed. Thread-safe; does not
  // block.
  void OnChange();

  // A live event (talking, digits) of a customer: sent once, in order, to the
  // webhooks whose filter names it; not kept, not tried again, and lost where too
  // many wait or the lease just changes hands. It has type, id, stream, time and
  // data, and sequence 0. To be called in every replica that sees it: the owner of
  // the lease sends it. Thread-safe; does not block.
  void OnLiveEvent(const std::string& customer_id, v1::Event event);

  // Gives the lease back. After the queue has stopped.
  void Release();

  // Requests under way. Thread-safe.
  int64_t InFlight() const { return in_flight_count_.load(std::memory_order_relaxed); }

 private:
  using Delivery = WebhookDeliveryTable::Delivery;
  struct Hook {
    store::WebhookRecord record;
    int in_flight = 0;
    // In a row.
    int failures = 0;
    int64_t due_us = 0;
    absl::Time paused_until = absl::InfinitePast();
    std::deque<v1::Event> live;
    bool live_in_flight = false;
  };

  void Poll();
  void Look();
  void Run();
  bool NeedsLease() const;
  std::shared_ptr<DeliveryPlan> MakePlan();
  void OnStep(const DeliveryPlan& plan, const absl::StatusOr<DeliveryResult>& result, absl::Duration begun);
  void SetHooks(int64_t generation, std::shared_ptr<const WebhookRecords> records);
  // Run when the next lane is due.
  void Arm();
  void Send(DeliveryResult::Send send);
  void OnResponse(int64_t term, Delivery delivery, const std::string& trace_id,
                  const absl::StatusOr<HttpResponse>& response);
  WebhookOutcome Judge(Delivery delivery, const absl::StatusOr<HttpResponse>& response);
  void NoteHealth(Hook& hook, bool is_good, const WebhookOutcome& outcome);
  void TellOutcome(const WebhookOutcome& outcome);
  void LetGo(const WebhookLane& lane);
  HttpRequest MakeRequest(const v1::Webhook& webhook, const v1::Event& event, const TraceContext& trace) const;
  void SendLive(const std::string& webhook_id);
  absl::Duration AgeOf(int64_t tm_create_us) const;

  Store& store_;
  HttpClient& http_;
  TaskQueue& queue_;
  Clock& clock_;
  IdGenerator& ids_;
  const MonotonicClock monotonic_;
  const std::string owner_;
  const std::function<double()> random_;
  const std::function<void(const Report&)> on_report_;
  const Options options_;

  // 0: another one has the lease, or nobody.
  int64_t term_ = 0;
  // By the monotonic clock.
  absl::Duration lease_until_;
  int64_t generation_ = 0;
  std::shared_ptr<const WebhookRecords> records_ = std::make_shared<const WebhookRecords>();
  std::map<std::string, Hook> hooks_;
  std::string turn_;
  // With those whose outcome is not written yet.
  std::set<WebhookLane> in_flight_;
  std::vector<WebhookOutcome> outcomes_;
  bool running_ = false;
  bool again_ = false;
  bool failing_ = false;
  // The timer that counts; earlier ones are left to run out.
  int64_t timer_ = 0;
  std::atomic<bool> run_planned_{false};
  std::atomic<bool> has_hooks_{false};
  std::atomic<int64_t> in_flight_count_{0};
};

}  // namespace tutti::control

#endif  // CONTROL_WEBHOOK_DELIVERY_ENGINE_H_
