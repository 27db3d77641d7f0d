#ifndef CONTROL_SIMULATION_SIMULATED_HTTP_CLIENT_H_
#define CONTROL_SIMULATION_SIMULATED_HTTP_CLIENT_H_

#include <memory>
#include <set>

#include "control/http_client/http_client.h"
#include "control/simulation/node_line.h"
#include "control/simulation/web.h"
#include "control/simulation/world.h"

namespace tutti::control::simulation {

// One replica's way to the web, through the same network as that to its nodes. What
// is under way when the replica dies ends with it.
class SimulatedHttpClient final : public control::HttpClient {
 public:
  // All outlive it, and the world's events too.
  SimulatedHttpClient(World& world, Web& web, const NetworkFaults& faults)
      : line_(std::make_shared<Line>(Line{world, web, faults, true, {}})) {}
  ~SimulatedHttpClient() override;

  void Send(HttpRequest request, Done done) override;
  absl::Status CheckUrl(const std::string&) override { return absl::OkStatus(); }

 private:
  struct Flight {
    HttpRequest request;
    Done done;
  };
  // What outlives the client.
  struct Line {
    World& world;
    Web& web;
    const NetworkFaults& faults;
    bool is_alive;
    // Under way.
    std::set<std::shared_ptr<Flight>> flights;

    absl::Duration Delay() const;
    void Answer(const std::shared_ptr<Flight>& flight, absl::StatusOr<HttpResponse> response);
  };

  const std::shared_ptr<Line> line_;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_SIMULATED_HTTP_CLIENT_H_
