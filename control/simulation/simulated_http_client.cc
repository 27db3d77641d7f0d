#include "control/simulation/simulated_http_client.h"

#include <utility>

#include "common/status/status.h"

namespace tutti::control::simulation {
namespace {

constexpr absl::Duration kDelayMax = absl::Milliseconds(20);
constexpr absl::Duration kSlowDelayMax = absl::Seconds(4);

}  // namespace

SimulatedHttpClient::~SimulatedHttpClient() {
  line_->is_alive = false;
  for (const auto& flight : line_->flights) line_->web.OnEnd(flight->request);
}

absl::Duration SimulatedHttpClient::Line::Delay() const {
  return world.random.Between(absl::ZeroDuration(), world.random.Chance(faults.slow) ? kSlowDelayMax : kDelayMax);
}

void SimulatedHttpClient::Line::Answer(const std::shared_ptr<Flight>& flight, absl::StatusOr<HttpResponse> response) {
  if (!is_alive || flights.erase(flight) == 0) return;
  web.OnEnd(flight->request);
  flight->done(std::move(response));
}

void SimulatedHttpClient::Send(HttpRequest request, Done done) {
  const std::shared_ptr<Line> line = line_;
  const auto flight = std::make_shared<Flight>(Flight{std::move(request), std::move(done)});
  line->flights.insert(flight);
  line->web.OnBegin(flight->request);
  line->world.After(flight->request.timeout, [line, flight] {
    line->Answer(flight, Error(absl::StatusCode::kDeadlineExceeded, "HTTP_TIMEOUT", "no answer"));
  });
  if (line->world.random.Chance(line->faults.request_lost)) return;
  line->world.After(line->Delay(), [line, flight] {
    if (!line->is_alive || !line->flights.contains(flight)) return;
    const Web::Answer reply = line->web.Take(flight->request);
    if (line->world.random.Chance(line->faults.reply_lost)) return;
    line->world.After(reply.after + line->Delay(), [line, flight, reply] {
      if (reply.status == 0) {
        return line->Answer(flight, Error(absl::StatusCode::kUnavailable, "HTTP_CONNECT_FAILED", "refused"));
      }
      HttpResponse response;
      response.status = reply.status;
      response.body = reply.body;
      line->Answer(flight, std::move(response));
    });
  });
}

}  // namespace tutti::control::simulation
