#include "control/webhook/delivery_engine.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/protojson/protojson.h"
#include "common/status/status.h"
#include "common/trace/trace_context.h"
#include "control/core/validate_webhook.h"
#include "control/webhook/signature.h"

namespace tutti::control {
namespace {

using Kind = WebhookOutcome::Kind;
using What = DeliveryEngine::Report::What;

constexpr char kUserAgent[] = "Tutti-Webhook/1.0";
constexpr int kGone = 410;
// Between a request's time-out and the end of the lease, for clocks and threads.
constexpr absl::Duration kLeaseMargin = absl::Seconds(1);
// Nobody reads an answer's body, but a connection can be used again after a short one.
constexpr size_t kResponseBytesMax = 16 * 1'024;
// After a step that the store has refused.
constexpr absl::Duration kRetryPause = absl::Milliseconds(200);

void LogFailedAttempt(const WebhookDeliveryTable::Delivery& delivery, const std::string& trace_id) {
  log::Info("an attempt to deliver an event failed", {{"webhook_id", delivery.webhook_id},
                                                      {"event_id", delivery.id},
                                                      {"attempts", delivery.attempts},
                                                      {"status", delivery.last_status},
                                                      {"error", delivery.last_error},
                                                      {"trace_id", trace_id}});
}

bool IsSuccess(const absl::StatusOr<HttpResponse>& response) {
  return response.ok() && response->status >= 200 && response->status < 300;
}

}  // namespace

DeliveryEngine::DeliveryEngine(Store& store, HttpClient& http, TaskQueue& queue, Clock& clock, IdGenerator& ids,
                               MonotonicClock monotonic, std::string owner, std::function<double()> random,
                               std::function<void(const Report&)> on_report, Options options)
    : store_(store),
      http_(http),
      queue_(queue),
      clock_(clock),
      ids_(ids),
      monotonic_(std::move(monotonic)),
      owner_(std::move(owner)),
      random_(std::move(random)),
      on_report_(std::move(on_report)),
      options_(options) {}

void DeliveryEngine::Start() {
  queue_.Post([this] { Poll(); });
}

void DeliveryEngine::OnEvents() {
  if (!has_hooks_ || run_planned_.exchange(true)) return;
  queue_.Post([this] {
    run_planned_ = false;
    if (term_ != 0) Run();
  });
}

void DeliveryEngine::OnChange() {
  queue_.Post([this] { Look(); });
}

void DeliveryEngine::Poll() {
  Look();
  queue_.PostAfter(options_.poll_interval, [this] { Poll(); });
}

// A read; a step only where there is something to do. Whoever finds a lease that has
// run out takes it, and with it what its owner has left.
void DeliveryEngine::Look() {
  bool is_free = false;
  bool has_events = false;
  WebhookDeliveryTable::Engine engine;
  std::shared_ptr<const WebhookRecords> records;
  const absl::Status status = store_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(engine, tx.webhook_deliveries.FindEngine(Lock::kNo));
    TUTTI_ASSIGN_OR_RETURN(const absl::Time now, tx.Now());
    is_free = engine.owner == owner_ || engine.lease_until_us <= absl::ToUnixMicros(now);
    TUTTI_ASSIGN_OR_RETURN(const int64_t last, tx.outbox.LastPosition());
    has_events = last > engine.position;
    if (engine.generation == generation_) return absl::OkStatus();
    TUTTI_ASSIGN_OR_RETURN(auto found, tx.webhooks.FindEnabled());
    records = std::make_shared<const WebhookRecords>(std::move(found));
    return absl::OkStatus();
  });
  if (!status.ok()) return;
  const bool has_changed = records != nullptr;
  if (has_changed) SetHooks(engine.generation, std::move(records));
  if (hooks_.empty() || !is_free) return;
  const bool is_mine = engine.owner == owner_ && engine.term == term_ && term_ != 0;
  const int64_t now_us = absl::ToUnixMicros(clock_.Now());
  const bool has_due =
      std::any_of(hooks_.begin(), hooks_.end(), [now_us](const auto& hook) { return hook.second.due_us <= now_us; });
  if (!is_mine || has_changed || has_events || has_due || !outcomes_.empty() || NeedsLease()) Run();
}

// While the rest of it still lasts for a request and some looks more.
bool DeliveryEngine::NeedsLease() const {
  const absl::Duration needed = options_.request_timeout + kLeaseMargin;
  return lease_until_ - monotonic_() < needed + (options_.lease - needed) / 2;
}

void DeliveryEngine::SetHooks(int64_t generation, std::shared_ptr<const WebhookRecords> records) {
  std::map<std::string, Hook> hooks;
  for (const store::WebhookRecord& record : *records) {
    const std::string& id = record.webhook().id();
    const auto old = hooks_.find(id);
    Hook& hook = hooks[id];
    if (old != hooks_.end()) hook = std::move(old->second);
    hook.record = record;
    // Whoever changed it may have mended it.
    hook.failures = 0;
    hook.paused_until = absl::InfinitePast();
    hook.due_us = 0;
  }
  for (auto& [id, hook] : hooks) {
    const auto begin = in_flight_.lower_bound({id, ""});
    hook.in_flight = static_cast<int>(
        std::count_if(begin, in_flight_.end(), [&id = id](const WebhookLane& lane) { return lane.first == id; }));
  }
  hooks_ = std::move(hooks);
  records_ = std::move(records);
  generation_ = generation;
  has_hooks_ = !hooks_.empty();
}

void DeliveryEngine::Run() {
  if (running_) {
    again_ = true;
    return;
  }
  running_ = true;
  const std::shared_ptr<DeliveryPlan> plan = MakePlan();
  const absl::Duration begun = monotonic_();
  auto result = std::make_shared<DeliveryResult>();
  store_.Submit(
      [plan, result](Transaction& tx) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(*result, RunDeliveryStep(tx, *plan));
        return absl::OkStatus();
      },
      [this, plan, result, begun](const absl::Status& status) {
        queue_.Post([this, plan, result, begun, status] {
          if (status.ok()) return OnStep(*plan, std::move(*result), begun);
          OnStep(*plan, status, begun);
        });
      });
}

std::shared_ptr<DeliveryPlan> DeliveryEngine::MakePlan() {
  auto plan = std::make_shared<DeliveryPlan>();
  plan->owner = owner_;
  plan->term = term_;
  plan->lease = options_.lease;
  plan->renew = NeedsLease();
  const absl::Time now = clock_.Now();
  plan->now_us = absl::ToUnixMicros(now);
  plan->generation = generation_;
  plan->hooks = records_;
  plan->new_hook.slots = options_.webhook_in_flight_max;
  for (const auto& [id, hook] : hooks_) {
    DeliveryPlan::Hook& state = plan->states[id];
    state.in_flight = hook.in_flight;
    const bool is_failing = hook.failures >= options_.failures_max;
    state.slots = now < hook.paused_until ? 0 : is_failing ? 1 : options_.webhook_in_flight_max;
    state.due_us = hook.due_us;
  }
  plan->turn = turn_;
  plan->in_flight = in_flight_;
  plan->outcomes = std::exchange(outcomes_, {});
  for (const WebhookOutcome& outcome : plan->outcomes) {
    plan->in_flight.erase({outcome.delivery.webhook_id, outcome.delivery.stream});
    const auto state = plan->states.find(outcome.delivery.webhook_id);
    if (state != plan->states.end()) --state->second.in_flight;
  }
  plan->in_flight_max = options_.in_flight_max;
  plan->reserved = options_.reserved;
  plan->fan_out_max = options_.fan_out_max;
  return plan;
}

void DeliveryEngine::OnStep(const DeliveryPlan& plan, const absl::StatusOr<DeliveryResult>& result,
                            absl::Duration begun) {
  running_ = false;
  if (result.ok() == failing_) {
    failing_ = !result.ok();
    if (failing_) log::Warning("deliveries to webhooks wait for the store", {{"error", result.status().ToString()}});
  }
  if (!result.ok()) {
    // They are the same when they are written twice.
    outcomes_.insert(outcomes_.begin(), plan.outcomes.begin(), plan.outcomes.end());
    queue_.PostAfter(kRetryPause, [this] { Look(); });
    return;
  }
  for (const WebhookOutcome& outcome : plan.outcomes) {
    LetGo({outcome.delivery.webhook_id, outcome.delivery.stream});
    if (result->is_owner && result->term == plan.term) TellOutcome(outcome);
  }
  if (result->hooks != nullptr) SetHooks(result->generation, result->hooks);
  if (!result->is_owner) {
    term_ = 0;
    return;
  }
  term_ = result->term;
  if (result->has_lease_anew) lease_until_ = begun + options_.lease;
  for (const auto& [id, due_us] : result->due_us) {
    const auto hook = hooks_.find(id);
    if (hook != hooks_.end()) hook->second.due_us = due_us;
  }
  for (const DeliveryResult::Send& send : result->sends) Send(send);
  if (std::exchange(again_, false) || result->has_more || !outcomes_.empty()) return Run();
  Arm();
}

void DeliveryEngine::Arm() {
  const absl::Time now = clock_.Now();
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [id, hook] : hooks_) {
    // A request's end makes room.
    const bool is_failing = hook.failures >= options_.failures_max;
    if (hook.in_flight >= (is_failing ? 1 : options_.webhook_in_flight_max)) continue;
    if (hook.due_us == std::numeric_limits<int64_t>::max()) continue;
    next = std::min(next, std::max(absl::FromUnixMicros(hook.due_us), hook.paused_until));
  }
  // What is due already waits for room; the poll looks again anyway.
  if (next <= now || next - now >= options_.poll_interval) return;
  queue_.PostAfter(next - now, [this, timer = ++timer_] {
    if (timer == timer_ && term_ != 0) Run();
  });
}

HttpRequest DeliveryEngine::MakeRequest(const v1::Webhook& webhook, const v1::Event& event,
                                        const TraceContext& trace) const {
  HttpRequest request;
  request.method = "POST";
  request.url = webhook.uri();
  request.body = protojson::WriteEnvelope(event);
  const int64_t seconds = absl::ToUnixSeconds(clock_.Now());
  request.headers = {
      {"Content-Type", "application/json"},
      {"User-Agent", kUserAgent},
      {"webhook-id", event.id()},
      {"webhook-timestamp", absl::StrCat(seconds)},
      {"traceparent", FormatTraceparent(trace)},
      {"webhook-signature", SignWebhook(DecodeWebhookSecret(webhook.secret()), event.id(), seconds, request.body)},
  };
  request.response_bytes_max = kResponseBytesMax;
  request.cut_response = true;
  request.timeout = options_.request_timeout;
  return request;
}

void DeliveryEngine::Send(DeliveryResult::Send send) {
  const auto hook = hooks_.find(send.delivery.webhook_id);
  if (hook == hooks_.end()) return;
  // Another one may have the lease before this would end: the next step renews it.
  if (lease_until_ - monotonic_() < options_.request_timeout + kLeaseMargin) {
    hook->second.due_us = 0;
    again_ = true;
    return;
  }
  in_flight_.insert({send.delivery.webhook_id, send.delivery.stream});
  ++hook->second.in_flight;
  ++in_flight_count_;
  turn_ = send.delivery.webhook_id;
  // Each attempt is a trace of its own.
  const TraceContext trace = ContinueTrace(std::nullopt, ids_);
  http_.Send(MakeRequest(hook->second.record.webhook(), send.event, trace),
             [this, term = term_, delivery = std::move(send.delivery),
              trace_id = trace.trace_id](absl::StatusOr<HttpResponse> response) mutable {
               --in_flight_count_;
               queue_.Post([this, term, delivery = std::move(delivery), trace_id, response = std::move(response)] {
                 OnResponse(term, delivery, trace_id, response);
               });
             });
}

void DeliveryEngine::LetGo(const WebhookLane& lane) {
  if (in_flight_.erase(lane) == 0) return;
  const auto hook = hooks_.find(lane.first);
  if (hook != hooks_.end()) --hook->second.in_flight;
}

void DeliveryEngine::OnResponse(int64_t term, Delivery delivery, const std::string& trace_id,
                                const absl::StatusOr<HttpResponse>& response) {
  const WebhookLane lane(delivery.webhook_id, delivery.stream);
  const std::string reason = GetErrorDetail(response.status()).reason;
  // Under an older term it is another's to say.
  if (term != term_ || reason == "SHUTTING_DOWN") return LetGo(lane);
  WebhookOutcome outcome = Judge(std::move(delivery), response);
  if (outcome.kind != Kind::kDelivered) LogFailedAttempt(outcome.delivery, trace_id);
  const auto hook = hooks_.find(lane.first);
  if (hook != hooks_.end()) NoteHealth(hook->second, outcome.kind == Kind::kDelivered, outcome);
  outcomes_.push_back(std::move(outcome));
  Run();
}

absl::Duration DeliveryEngine::AgeOf(int64_t tm_create_us) const {
  return std::max(clock_.Now() - absl::FromUnixMicros(tm_create_us), absl::ZeroDuration());
}

WebhookOutcome DeliveryEngine::Judge(Delivery delivery, const absl::StatusOr<HttpResponse>& response) {
  const absl::Time now = clock_.Now();
  ++delivery.attempts;
  delivery.tm_update_us = absl::ToUnixMicros(now);
  delivery.next_attempt_us = 0;
  delivery.last_status = response.ok() ? response->status : 0;
  if (IsSuccess(response)) {
    delivery.last_error.clear();
    delivery.state = v1::WebhookDelivery::STATE_DELIVERED;
    return {Kind::kDelivered, std::move(delivery)};
  }
  delivery.last_error = response.ok() ? "HTTP_STATUS" : GetErrorDetail(response.status()).reason;
  const bool is_old = AgeOf(delivery.tm_create_us) >= options_.age_max;
  const int attempts_max = is_old ? options_.old_attempts_max : options_.attempts_max;
  if (delivery.last_status == kGone) return {Kind::kGone, std::move(delivery)};
  if (delivery.attempts >= attempts_max) {
    delivery.state = v1::WebhookDelivery::STATE_DEAD;
    return {Kind::kDead, std::move(delivery)};
  }
  const double factor = 1 + options_.jitter * (2 * random_() - 1);
  const absl::Duration pause =
      std::min(options_.backoff_min * std::exp2(std::min(delivery.attempts - 1, 30)), options_.backoff_max);
  delivery.next_attempt_us = absl::ToUnixMicros(now + pause * factor);
  return {Kind::kRetry, std::move(delivery)};
}

void DeliveryEngine::NoteHealth(Hook& hook, bool is_good, const WebhookOutcome& outcome) {
  const std::string& id = hook.record.webhook().id();
  if (is_good) {
    if (hook.failures >= options_.failures_max) log::Info("a webhook takes events again", {{"webhook_id", id}});
    hook.failures = 0;
    hook.paused_until = absl::InfinitePast();
    return;
  }
  ++hook.failures;
  if (hook.failures < options_.failures_max) return;
  hook.paused_until = clock_.Now() + options_.failing_pause;
  if (hook.failures > options_.failures_max) return;
  log::Warning("a webhook fails again and again",
               {{"webhook_id", id}, {"status", outcome.delivery.last_status}, {"error", outcome.delivery.last_error}});
}

void DeliveryEngine::TellOutcome(const WebhookOutcome& outcome) {
  const Delivery& delivery = outcome.delivery;
  const absl::Duration age = AgeOf(delivery.tm_create_us);
  switch (outcome.kind) {
    case Kind::kDelivered:
      return on_report_({What::kDelivered, age});
    case Kind::kRetry:
      return on_report_({What::kFailed, age});
    case Kind::kDead:
      log::Warning("an event for a webhook is a dead letter", {{"webhook_id", delivery.webhook_id},
                                                               {"event_id", delivery.id},
                                                               {"type", delivery.type},
                                                               {"stream", delivery.stream},
                                                               {"sequence", delivery.sequence},
                                                               {"attempts", delivery.attempts},
                                                               {"status", delivery.last_status},
                                                               {"error", delivery.last_error}});
      return on_report_({What::kDead, age});
    case Kind::kGone:
      log::Warning("a webhook answered 410 and is disabled", {{"webhook_id", delivery.webhook_id}});
      return on_report_({What::kGone, age});
  }
}

void DeliveryEngine::OnLiveEvent(const std::string& customer_id, v1::Event event) {
  if (!has_hooks_) return;
  queue_.Post([this, customer_id, event = std::move(event)] {
    // Every replica sees it; its owner sends it.
    if (term_ == 0) return;
    for (auto& [id, hook] : hooks_) {
      const v1::Webhook& webhook = hook.record.webhook();
      if (webhook.customer_id() != customer_id || !WantsEvent(webhook, event.type())) continue;
      hook.live.push_back(event);
      if (static_cast<int>(hook.live.size()) > options_.live_waiting_max) {
        hook.live.pop_front();
        on_report_({What::kLiveLost, absl::ZeroDuration()});
      }
      SendLive(id);
    }
  });
}

void DeliveryEngine::SendLive(const std::string& webhook_id) {
  const auto place = hooks_.find(webhook_id);
  if (place == hooks_.end() || place->second.live_in_flight || place->second.live.empty()) return;
  Hook& hook = place->second;
  const v1::Event event = std::move(hook.live.front());
  hook.live.pop_front();
  hook.live_in_flight = true;
  const int64_t tm_create_us = table::Microseconds(event.time());
  http_.Send(MakeRequest(hook.record.webhook(), event, ContinueTrace(std::nullopt, ids_)),
             [this, webhook_id, tm_create_us](const absl::StatusOr<HttpResponse>& response) {
               queue_.Post([this, webhook_id, tm_create_us, is_good = IsSuccess(response)] {
                 on_report_({is_good ? What::kLiveDelivered : What::kLiveLost, AgeOf(tm_create_us)});
                 const auto hook = hooks_.find(webhook_id);
                 if (hook == hooks_.end()) return;
                 hook->second.live_in_flight = false;
                 SendLive(webhook_id);
               });
             });
}

void DeliveryEngine::Release() {
  if (term_ == 0) return;
  store_.Submit(
      [owner = owner_, term = term_](Transaction& tx) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(const auto engine, tx.webhook_deliveries.FindEngine(Lock::kYes));
        if (engine.owner != owner || engine.term != term) return absl::OkStatus();
        return tx.webhook_deliveries.SetLease(owner, term, 0);
      },
      [](const absl::Status&) {});
}

}  // namespace tutti::control
