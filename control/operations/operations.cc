#include "control/operations/operations.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr absl::Duration kSendTimeout = absl::Seconds(10);
constexpr size_t kResponseBytesMax = 64 * 1'024;

absl::Status OutcomeOf(const absl::StatusOr<HttpResponse>& response) {
  if (!response.ok()) return response.status();
  if (response->status >= 200 && response->status < 300) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, "HTTP_STATUS",
               absl::StrCat("the receiver answered ", response->status));
}

}  // namespace

void Operations::OnCommit(const Effects& effects) {
  for (const SoundStop& stop : effects.stops) {
    StopRequest request;
    request.node_id = stop.node_id;
    request.operation_id = stop.operation_id;
    // One that goes on is heard to its end.
    stop_(request, [](const absl::Status&) {});
  }
  for (const std::string& call_id : effects.operations) {
    queue_.Post([this, call_id] { Begin(call_id); });
  }
}

void Operations::Begin(const std::string& call_id) {
  const auto operation = core_.ReadOperation(call_id);
  if (!operation.ok() || !under_way_.insert(operation->id).second) return;
  begun_.fetch_add(1, std::memory_order_relaxed);
  std::visit([&](const auto& what) { Begin(*operation, what); }, operation->what);
}

void Operations::Begin(const Operation& operation, const PlayOperation& play) {
  PlayRequest request;
  request.customer_id = play.customer_id;
  request.node_id = play.node_id;
  request.operation_id = operation.id;
  request.leg_id = operation.call_id;
  request.source = play.sound;
  request.text = play.text;
  request.stop_on_dtmf = play.stop_on_dtmf;
  const auto on_done = [this, operation](const absl::Status& status) {
    // How an accepted one ends is told by the node; one that may have been accepted
    // is asked for again. What nobody could speak never came so far.
    const bool may_be_heard = absl::IsUnavailable(status) && GetErrorDetail(status).reason != "SPEECH_UNAVAILABLE";
    if (status.ok() || may_be_heard) {
      queue_.Post([this, id = operation.id] { under_way_.erase(id); });
    } else {
      Finish(operation, status);
    }
  };
  // Its node has told so, and the event was lost.
  const auto on_ended = [this, operation](media::v1::AudioFinished::Cause cause) {
    core_.FinishPlay(operation.call_id, operation.id, cause, Stored(operation));
  };
  play_(std::move(request), on_done, on_ended);
}

void Operations::Begin(const Operation& operation, const SendOperation& send) {
  HttpRequest request;
  request.method = send.method;
  request.url = send.uri;
  // The same however often it is sent.
  request.headers = {{"content-type", send.content_type}, {"webhook-id", operation.id}};
  request.body = send.body;
  request.response_bytes_max = kResponseBytesMax;
  request.cut_response = true;
  request.timeout = kSendTimeout;
  http_.Send(std::move(request), [this, operation](const absl::StatusOr<HttpResponse>& response) {
    Finish(operation, OutcomeOf(response));
  });
}

void Operations::Finish(const Operation& operation, const absl::Status& outcome) {
  if (!outcome.ok()) {
    failed_.fetch_add(1, std::memory_order_relaxed);
    log::Info("an action of a flow failed",
              {{"call_id", operation.call_id}, {"reason", GetErrorDetail(outcome).reason}});
  }
  core_.FinishOperation(operation.call_id, operation.id, outcome, Stored(operation));
}

Core::DoneStatus Operations::Stored(const Operation& operation) {
  return [this, id = operation.id](const absl::Status&) {
    // One that could not be stored is done, and told, again.
    queue_.Post([this, id] { under_way_.erase(id); });
  };
}

}  // namespace tutti::control
