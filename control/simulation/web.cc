#include "control/simulation/web.h"

#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "control/sound/wav.h"

namespace tutti::control::simulation {
namespace {

// Of a request of a flow.
constexpr absl::Duration kAnswerMax = absl::Milliseconds(300);
constexpr absl::Duration kSlowAnswerMax = absl::Seconds(12);

// 5 ms of silence.
const std::string& Sound() {
  static const std::string sound = control::WavFile(std::vector<int16_t>(40), 8'000);
  return sound;
}

bool IsWebhook(const HttpRequest& request) { return absl::StartsWith(request.url, "http://hooks/"); }

}  // namespace

void Web::OnBegin(const HttpRequest& request) {
  if (IsWebhook(request)) webhooks_.OnBegin(request);
}

void Web::OnEnd(const HttpRequest& request) {
  if (IsWebhook(request)) webhooks_.OnEnd(request);
}

Web::Answer Web::Take(const HttpRequest& request) {
  if (absl::StartsWith(request.url, "http://sounds/")) {
    return {absl::ZeroDuration(), world_.random.Chance(100) ? 404 : 200, Sound()};
  }
  if (!IsWebhook(request)) return TakeRequest(request);
  Answer answer;
  std::tie(answer.after, answer.status) = webhooks_.Take(request);
  return answer;
}

Web::Answer Web::TakeRequest(const HttpRequest& request) {
  const std::string id = HeaderOf(request, "webhook-id");
  world_.Tell(absl::StrCat("a flow's request ", id, " comes"));
  const auto [place, is_new] = requests_.try_emplace(id, Request{request.body, false});
  if (!is_new && place->second.body != request.body) world_.Fail(absl::StrCat("another request under the id ", id));
  Answer answer;
  answer.after = world_.random.Between(absl::ZeroDuration(), world_.random.Chance(50) ? kSlowAnswerMax : kAnswerMax);
  answer.status = world_.random.Chance(100) ? 0 : world_.random.Chance(100) ? 500 : 204;
  if (answer.status == 204) place->second.is_taken = true;
  return answer;
}

}  // namespace tutti::control::simulation
