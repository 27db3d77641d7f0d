#ifndef CONTROL_SERVER_CONTROL_SERVER_H_
#define CONTROL_SERVER_CONTROL_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "control/server/options.h"

namespace tutti::control {

// The whole control plane in one object: store, core, media nodes, services.
class ControlServer {
 public:
  using Options = ServerOptions;

  // `clock` outlives the server. An error is one sentence for the operator.
  static absl::StatusOr<std::unique_ptr<ControlServer>> Start(const Options& options, Clock& clock);

  // Refuses new calls, gives those that run two seconds, commits what was
  // submitted.
  ~ControlServer();

  int GrpcPort() const;
  // True when the node can take calls.
  bool IsNodeUp(const std::string& node_id) const;
  // Tests that have moved the clocks: look again.
  void Wake();
  Metrics& metrics();

 private:
  struct Parts;
  explicit ControlServer(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVER_CONTROL_SERVER_H_
