#include "control/simulation/requests.h"

namespace tutti::control::simulation {
namespace {

constexpr int kAttemptsMax = 8;

// In the place of a replica: between two attempts, by itself or because the
// replica died.
constexpr int kNobody = -1;
constexpr int kDead = -2;

// The longest that a create may wait: until its call is given up.
constexpr absl::Duration kAnswerMax = absl::Seconds(50);

// The answer says nothing about what was done.
bool MayRepeat(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) || absl::IsDeadlineExceeded(status);
}

}  // namespace

std::shared_ptr<Requests::Request> Requests::Add(const std::string& what) {
  auto request = std::make_shared<Request>();
  request->what = what;
  std::erase_if(requests_, [](const auto& old) { return old->is_over; });
  requests_.push_back(request);
  return request;
}

control::Core* Requests::Begin(const std::shared_ptr<Request>& request) {
  control::Core* core = pick_(&request->replica);
  ++request->attempts;
  if (core == nullptr) {
    Repeat(request);
  } else {
    request->since = world_.Elapsed();
  }
  return core;
}

bool Requests::Take(const std::shared_ptr<Request>& request, int attempt, const absl::Status& answer) {
  // The connection it came by was given up.
  if (attempt != request->attempts || request->is_over) return false;
  if (answer.ok()) {
    request->is_over = true;
    world_.Tell(absl::StrCat("customer: ", request->what, " is done"));
    return true;
  }
  const std::string reason = GetErrorDetail(answer).reason;
  world_.Tell(absl::StrCat("customer: ", request->what, ": ", reason));
  if (reason == "STORE_ERROR" || reason == "IDEMPOTENCY_KEY_REUSED" || absl::IsInternal(answer)) {
    world_.Fail(absl::StrCat(request->what, ": ", answer.ToString()));
  }
  if (reason.empty()) world_.Fail(absl::StrCat(request->what, ": an error without a reason: ", answer.ToString()));
  if (MayRepeat(answer)) {
    Repeat(request);
  } else {
    request->is_over = true;
  }
  return false;
}

void Requests::Repeat(const std::shared_ptr<Request>& request) {
  if (request->attempts >= kAttemptsMax) {
    request->is_over = true;
    return;
  }
  request->replica = kNobody;
  world_.After(world_.random.Between(absl::Milliseconds(50), absl::Seconds(2)), [request] { request->again(); });
}

void Requests::OnReplicaDeath(int index) {
  for (const auto& request : std::vector(requests_)) {
    if (request->is_over || request->replica != index) continue;
    request->replica = kDead;
    // An answer that is already on its way finds nobody.
    ++request->attempts;
    world_.After(world_.random.Between(absl::ZeroDuration(), absl::Seconds(1)), [request] {
      if (!request->is_over && request->replica == kDead) request->again();
    });
  }
}

void Requests::CheckAnswers() {
  for (const auto& request : requests_) {
    if (!request->is_over && request->replica >= 0 && world_.Elapsed() - request->since > kAnswerMax) {
      world_.Fail(absl::StrCat("nobody answers: ", request->what));
    }
  }
}

void Requests::CheckEnd() {
  for (const auto& request : requests_) {
    if (!request->is_over) world_.Fail(absl::StrCat("never answered: ", request->what));
  }
}

}  // namespace tutti::control::simulation
