#ifndef CONTROL_CORE_CONFERENCECALLS_H_
#define CONTROL_CORE_CONFERENCECALLS_H_

#include <string>

#include "absl/status/statusor.h"
#include "control/core/done.h"
#include "control/core/principal.h"
#include "control/rules/media.h"
#include "tutti/control/v1/conferencecall.pb.h"

namespace tutti::control {

class Steps;

// What customers ask of participants. Errors are those of the service's comments.
// Thread-safe.
class Conferencecalls {
 public:
  explicit Conferencecalls(Steps& steps) : steps_(steps) {}

  absl::StatusOr<v1::Conferencecall> Get(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListConferencecallsResponse> List(const Principal& principal,
                                                       const v1::ListConferencecallsRequest& request);
  void Update(const Principal& principal, const v1::UpdateConferencecallRequest& request,
              Done<v1::Conferencecall> done);
  void Move(const Principal& principal, const v1::MoveConferencecallRequest& request, Done<v1::Conferencecall> done);
  // Kick.
  void Delete(const Principal& principal, const std::string& id, Done<v1::Conferencecall> done);

  // Where a participant's leg is, for what is done to it once. FAILED_PRECONDITION
  // (STATE_INVALID): it is not joined.
  absl::StatusOr<MediaRef> FindLeg(const Principal& principal, const std::string& id);

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_CONFERENCECALLS_H_
