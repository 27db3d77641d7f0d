#ifndef CONTROL_WEBHOOK_DELIVERY_FIXTURE_H_
#define CONTROL_WEBHOOK_DELIVERY_FIXTURE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "control/core/core_fixture.h"
#include "control/http_client/fake_http_client.h"
#include "control/scheduler/fake_monotonic_clock.h"
#include "control/webhook/delivery_engine.h"
#include "nlohmann/json.hpp"

namespace tutti::control {

// One replica's engine with a network of its own.
struct TestEngine {
  FakeMonotonicClock monotonic;
  TaskQueue queue{monotonic.Function(), TaskQueue::Runner::kCaller};
  FakeHttpClient http;
  std::vector<DeliveryEngine::Report> reports;
  std::unique_ptr<DeliveryEngine> engine;
};

// Engines over the core's data base, on the test's thread; both clocks stand still.
class DeliveryFixture : public CoreFixture {
 protected:
  void TearDown() override {
    first_ = nullptr;
    second_ = nullptr;
    CoreFixture::TearDown();
  }

  std::unique_ptr<TestEngine> MakeEngine(const std::string& owner) {
    auto made = std::make_unique<TestEngine>();
    made->engine = std::make_unique<DeliveryEngine>(
        *store_, made->http, made->queue, clock_, *ids_, made->monotonic.Function(), owner, [this] { return random_; },
        [reports = &made->reports](const DeliveryEngine::Report& report) { reports->push_back(report); },
        engine_options_);
    made->engine->Start();
    return made;
  }
  void StartFirst() {
    first_ = MakeEngine("first");
    Pump();
  }

  std::vector<TestEngine*> Engines() const {
    std::vector<TestEngine*> engines;
    for (TestEngine* one : {first_.get(), second_.get()}) {
      if (one != nullptr) engines.push_back(one);
    }
    return engines;
  }
  // Until nobody has anything to do now.
  void Pump() {
    RunSteps();
    for (TestEngine* one : Engines()) one->engine->OnEvents();
    bool busy = true;
    while (busy) {
      busy = false;
      for (TestEngine* one : Engines()) {
        while (one->queue.RunOne()) busy = true;
      }
      while (store_->RunPending()) busy = true;
    }
  }
  void PassTime(absl::Duration by) {
    clock_.Advance(by);
    for (TestEngine* one : Engines()) {
      one->monotonic.Advance(by);
      one->queue.Wake();
    }
    Pump();
  }

  template <typename T>
  absl::StatusOr<T> Wait(const std::function<void(Done<T>)>& begin) {
    std::optional<absl::StatusOr<T>> answer;
    begin([&answer](absl::StatusOr<T> result) { answer = std::move(result); });
    RunSteps();
    for (TestEngine* one : Engines()) one->engine->OnChange();
    Pump();
    return answer.has_value() ? *answer : absl::UnknownError("not answered");
  }
  absl::StatusOr<v1::Webhook> CreateWebhook(const std::string& uri, const std::vector<std::string>& types = {},
                                            const std::string& secret = "", const std::string& key = "") {
    v1::CreateWebhookRequest request;
    request.mutable_webhook()->set_uri(uri);
    request.mutable_webhook()->set_secret(secret);
    for (const std::string& type : types) request.mutable_webhook()->add_event_types(type);
    return Wait<v1::Webhook>([&](auto done) { core_->webhooks().Create(principal_, request, key, std::move(done)); });
  }
  absl::StatusOr<v1::Webhook> Enable(const std::string& id, bool enabled) {
    v1::UpdateWebhookRequest request;
    request.mutable_webhook()->set_id(id);
    request.mutable_webhook()->set_enabled(enabled);
    return Wait<v1::Webhook>([&](auto done) { core_->webhooks().Update(principal_, request, std::move(done)); });
  }
  absl::StatusOr<v1::ReplayWebhookResponse> Replay(const v1::ReplayWebhookRequest& request) {
    return Wait<v1::ReplayWebhookResponse>(
        [&](auto done) { core_->webhooks().Replay(principal_, request, std::move(done)); });
  }
  std::vector<v1::WebhookDelivery> Deliveries(const std::string& id) {
    v1::ListWebhookDeliveriesRequest request;
    request.set_id(id);
    const auto listed = core_->webhooks().ListDeliveries(principal_, request);
    EXPECT_TRUE(listed.ok()) << listed.status();
    return {listed->result().begin(), listed->result().end()};
  }

  void NewRoom() { EXPECT_TRUE(CreateConference().ok()); }
  // A room with its three events: created, updated, deleted.
  std::string EndedRoom() {
    const std::string id = CreateConference()->id();
    EXPECT_TRUE(DeleteConference(id).ok());
    Pump();
    return id;
  }

  static nlohmann::json Body(const HttpRequest& request) { return nlohmann::json::parse(request.body); }
  static int64_t Sequence(const HttpRequest& request) { return Body(request)["sequence"]; }
  static std::string Stream(const HttpRequest& request) { return Body(request)["stream"]; }
  static std::string Header(const HttpRequest& request, const std::string& name) {
    for (const auto& [key, value] : request.headers) {
      if (key == name) return value;
    }
    return "";
  }
  // Answers the oldest request of the first engine.
  HttpRequest Answer(int status) {
    HttpRequest request = first_->http.AnswerStatus(status);
    Pump();
    return request;
  }
  size_t Waiting() { return first_->http.Waiting(); }

  DeliveryEngine::Options engine_options_;
  // What chance gives: the middle.
  double random_ = 0.5;
  std::unique_ptr<TestEngine> first_;
  std::unique_ptr<TestEngine> second_;
};

}  // namespace tutti::control

#endif  // CONTROL_WEBHOOK_DELIVERY_FIXTURE_H_
