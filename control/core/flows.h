#ifndef CONTROL_CORE_FLOWS_H_
#define CONTROL_CORE_FLOWS_H_

#include <string>

#include "absl/status/statusor.h"
#include "control/core/done.h"
#include "control/core/principal.h"
#include "tutti/control/v1/flow.pb.h"

namespace tutti::control {

class Steps;

// What customers ask of flows. Errors are those of the service's comments; an empty
// idempotency key means none. Thread-safe.
class Flows {
 public:
  explicit Flows(Steps& steps) : steps_(steps) {}

  void Create(const Principal& principal, const v1::CreateFlowRequest& request, const std::string& idempotency_key,
              Done<v1::Flow> done);
  absl::StatusOr<v1::Flow> Get(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListFlowsResponse> List(const Principal& principal, const v1::ListFlowsRequest& request);
  void Replace(const Principal& principal, const v1::ReplaceFlowRequest& request, Done<v1::Flow> done);
  void Delete(const Principal& principal, const std::string& id, Done<v1::Flow> done);

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_FLOWS_H_
