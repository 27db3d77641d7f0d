#include "control/webhook/delivery_step.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "common/status/status.h"
#include "control/core/event_types.h"

namespace tutti::control {
namespace {

using Delivery = WebhookDeliveryTable::Delivery;
using Kind = WebhookOutcome::Kind;

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

class Step {
 public:
  Step(Transaction& tx, const DeliveryPlan& plan) : tx_(tx), table_(tx.webhook_deliveries), plan_(plan) {}

  absl::StatusOr<DeliveryResult> Run() {
    TUTTI_ASSIGN_OR_RETURN(engine_, table_.FindEngine(Lock::kYes));
    TUTTI_RETURN_IF_ERROR(HoldLease());
    if (!result_.is_owner) return std::move(result_);
    TUTTI_RETURN_IF_ERROR(ReadHooks());
    // Those of an earlier term may have been sent again since.
    if (result_.term == plan_.term) {
      for (const WebhookOutcome& outcome : plan_.outcomes) TUTTI_RETURN_IF_ERROR(Write(outcome));
    }
    TUTTI_RETURN_IF_ERROR(FanOut());
    TUTTI_RETURN_IF_ERROR(PickAll());
    return std::move(result_);
  }

 private:
  absl::Status HoldLease() {
    const bool is_mine = engine_.owner == plan_.owner && engine_.term == plan_.term;
    TUTTI_ASSIGN_OR_RETURN(const absl::Time now, tx_.Now());
    if (!is_mine && engine_.owner != plan_.owner && engine_.lease_until_us > absl::ToUnixMicros(now)) {
      return absl::OkStatus();
    }
    result_.is_owner = true;
    result_.term = is_mine ? plan_.term : engine_.term + 1;
    if (is_mine && !plan_.renew) return absl::OkStatus();
    result_.has_lease_anew = true;
    return table_.SetLease(plan_.owner, result_.term, absl::ToUnixMicros(now + plan_.lease));
  }

  absl::Status ReadHooks() {
    result_.generation = engine_.generation;
    hooks_ = plan_.hooks.get();
    if (engine_.generation != plan_.generation) {
      TUTTI_ASSIGN_OR_RETURN(auto hooks, tx_.webhooks.FindEnabled());
      result_.hooks = std::make_shared<const WebhookRecords>(std::move(hooks));
      hooks_ = result_.hooks.get();
    }
    // Another owner, or a replay, may have left anything.
    const bool is_new = result_.hooks != nullptr || result_.term != plan_.term;
    for (const store::WebhookRecord& hook : *hooks_) {
      customers_[hook.webhook().customer_id()].push_back(&hook);
      result_.due_us[hook.webhook().id()] = is_new ? 0 : State(hook.webhook().id()).due_us;
    }
    return absl::OkStatus();
  }

  const DeliveryPlan::Hook& State(const std::string& id) const {
    const auto place = plan_.states.find(id);
    return place == plan_.states.end() ? plan_.new_hook : place->second;
  }

  void SetDue(const std::string& id, int64_t due_us) {
    const auto place = result_.due_us.find(id);
    if (place != result_.due_us.end()) place->second = std::min(place->second, due_us);
  }

  absl::Status Write(const WebhookOutcome& outcome) {
    const Delivery& delivery = outcome.delivery;
    TUTTI_RETURN_IF_ERROR(table_.Update(delivery));
    if (outcome.kind == Kind::kRetry) {
      SetDue(delivery.webhook_id, delivery.next_attempt_us);
      return table_.SetLane(delivery.webhook_id, delivery.stream, delivery.next_attempt_us);
    }
    SetDue(delivery.webhook_id, 0);
    if (outcome.kind == Kind::kGone) return Disable(delivery.webhook_id);
    // At the end of the due ones: its webhook's streams take turns.
    TUTTI_ASSIGN_OR_RETURN(const auto next, table_.FindHead(delivery.webhook_id, delivery.stream));
    return next.has_value() ? table_.SetLane(delivery.webhook_id, delivery.stream, plan_.now_us)
                            : table_.DeleteLane(delivery.webhook_id, delivery.stream);
  }

  absl::Status Disable(const std::string& id) {
    TUTTI_ASSIGN_OR_RETURN(auto record, tx_.webhooks.Find(id, Lock::kNo));
    if (!record.has_value() || !record->webhook().enabled()) return absl::OkStatus();
    record->mutable_webhook()->set_enabled(false);
    record->mutable_webhook()->set_disabled_reason(v1::Webhook::DISABLED_REASON_GONE);
    record->mutable_webhook()->mutable_tm_update()->set_seconds(plan_.now_us / 1'000'000);
    record->mutable_webhook()->mutable_tm_update()->set_nanos(static_cast<int32_t>(plan_.now_us % 1'000'000) * 1'000);
    const int64_t read_revision = record->revision();
    record->set_revision(read_revision + 1);
    disabled_.insert(id);
    // The next step reads the webhooks anew.
    result_.has_more = true;
    TUTTI_RETURN_IF_ERROR(tx_.webhooks.Update(*record, read_revision));
    return table_.BumpGeneration();
  }

  absl::Status FanOut() {
    if (hooks_->empty()) return absl::OkStatus();
    // While there was no webhook nobody moved the position.
    int64_t start = kNever;
    for (const store::WebhookRecord& hook : *hooks_) start = std::min(start, hook.start_position());
    const int64_t position = std::max(engine_.position, start);
    TUTTI_ASSIGN_OR_RETURN(const auto events, tx_.outbox.ReadAllCustomers(position, plan_.fan_out_max));
    for (const auto& stored : events) {
      const auto customer = customers_.find(stored.customer_id);
      if (customer == customers_.end()) continue;
      for (const store::WebhookRecord* hook : customer->second) {
        const std::string& id = hook->webhook().id();
        const bool is_for =
            stored.position > hook->start_position() && WantsEvent(hook->webhook(), stored.event.type());
        if (!is_for || disabled_.count(id) > 0) continue;
        TUTTI_RETURN_IF_ERROR(table_.Add(id, stored.event, plan_.now_us));
        SetDue(id, 0);
      }
    }
    if (static_cast<int>(events.size()) == plan_.fan_out_max) result_.has_more = true;
    const int64_t reached = events.empty() ? position : events.back().position;
    return reached == engine_.position ? absl::OkStatus() : table_.SetPosition(reached);
  }

  absl::Status PickAll() {
    free_ = plan_.in_flight_max - static_cast<int>(plan_.in_flight.size());
    // Hooks are in the order of their ids.
    const auto first = std::find_if(hooks_->begin(), hooks_->end(),
                                    [&](const store::WebhookRecord& hook) { return hook.webhook().id() > plan_.turn; });
    for (auto hook = first; hook != hooks_->end(); ++hook) TUTTI_RETURN_IF_ERROR(Pick(hook->webhook().id()));
    for (auto hook = hooks_->begin(); hook != first; ++hook) TUTTI_RETURN_IF_ERROR(Pick(hook->webhook().id()));
    return absl::OkStatus();
  }

  absl::Status Pick(const std::string& id) {
    const DeliveryPlan::Hook& state = State(id);
    int64_t& due_us = result_.due_us[id];
    if (due_us > plan_.now_us || disabled_.count(id) > 0) return absl::OkStatus();
    const int common = free_ - plan_.reserved;
    int places = std::min(state.slots - state.in_flight, std::max(common, state.in_flight == 0 ? 1 : 0));
    places = std::min(places, free_);
    if (places <= 0) return absl::OkStatus();
    const int limit = places + state.in_flight;
    TUTTI_ASSIGN_OR_RETURN(const auto lanes, table_.FindDueLanes(id, plan_.now_us, limit));
    for (const auto& lane : lanes) {
      if (places == 0) break;
      if (plan_.in_flight.count({id, lane.stream}) > 0) continue;
      TUTTI_ASSIGN_OR_RETURN(const bool is_sent, PickHead(id, lane.stream));
      places -= is_sent ? 1 : 0;
      free_ -= is_sent ? 1 : 0;
    }
    if (static_cast<int>(lanes.size()) == limit) return absl::OkStatus();
    TUTTI_ASSIGN_OR_RETURN(const int64_t next_us, table_.NextLaneDue(id, plan_.now_us));
    due_us = next_us == 0 ? kNever : next_us;
    return absl::OkStatus();
  }

  // False: the lane has nothing to send now.
  absl::StatusOr<bool> PickHead(const std::string& id, const std::string& stream) {
    for (;;) {
      TUTTI_ASSIGN_OR_RETURN(auto head, table_.FindHead(id, stream));
      if (!head.has_value()) {
        TUTTI_RETURN_IF_ERROR(table_.DeleteLane(id, stream));
        return false;
      }
      TUTTI_ASSIGN_OR_RETURN(auto events, tx_.outbox.ReadStream(stream, head->sequence - 1, 1));
      if (!events.empty() && events.front().event.sequence() == head->sequence) {
        result_.sends.push_back({*std::move(head), std::move(events.front().event)});
        return true;
      }
      // It waited for longer than events are kept.
      head->state = v1::WebhookDelivery::STATE_DEAD;
      head->last_error = "EVENT_PURGED";
      head->next_attempt_us = 0;
      TUTTI_RETURN_IF_ERROR(table_.Update(*head));
    }
  }

  Transaction& tx_;
  WebhookDeliveryTable& table_;
  const DeliveryPlan& plan_;
  WebhookDeliveryTable::Engine engine_;
  const WebhookRecords* hooks_ = nullptr;
  std::map<std::string, std::vector<const store::WebhookRecord*>> customers_;
  // By this step.
  std::set<std::string> disabled_;
  // Places for requests.
  int free_ = 0;
  DeliveryResult result_;
};

}  // namespace

bool WantsEvent(const v1::Webhook& webhook, const std::string& type) {
  const auto& types = webhook.event_types();
  if (types.empty()) return !IsLiveEventType(type);
  return std::find(types.begin(), types.end(), type) != types.end();
}

absl::StatusOr<DeliveryResult> RunDeliveryStep(Transaction& tx, const DeliveryPlan& plan) {
  return Step(tx, plan).Run();
}

}  // namespace tutti::control
