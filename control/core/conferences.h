#ifndef CONTROL_CORE_CONFERENCES_H_
#define CONTROL_CORE_CONFERENCES_H_

#include <string>

#include "absl/status/statusor.h"
#include "control/core/done.h"
#include "control/core/principal.h"
#include "control/rules/media.h"
#include "tutti/control/v1/conference.pb.h"

namespace tutti::control {

class Steps;

// What customers ask of rooms. Errors are those of the service's comments; an
// empty idempotency key means none. Thread-safe.
class Conferences {
 public:
  explicit Conferences(Steps& steps) : steps_(steps) {}

  void Create(const Principal& principal, const v1::CreateConferenceRequest& request,
              const std::string& idempotency_key, Done<v1::Conference> done);
  absl::StatusOr<v1::Conference> Get(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListConferencesResponse> List(const Principal& principal,
                                                   const v1::ListConferencesRequest& request);
  void Replace(const Principal& principal, const v1::ReplaceConferenceRequest& request, Done<v1::Conference> done);
  void Update(const Principal& principal, const v1::UpdateConferenceRequest& request, Done<v1::Conference> done);
  void Delete(const Principal& principal, const std::string& id, Done<v1::Conference> done);

  void SetLocked(const Principal& principal, const std::string& id, bool locked, Done<v1::Conference> done);
  void MuteAll(const Principal& principal, const std::string& id, bool muted, Done<v1::Conference> done);

  // Where a room's bridge is, for what is done to it once. FAILED_PRECONDITION
  // (STATE_INVALID): nobody is joined there.
  absl::StatusOr<MediaRef> FindBridge(const Principal& principal, const std::string& id);
  // Where a room's bridge is that somebody wants to hear; it is put on a node where it
  // is on none. FAILED_PRECONDITION (STATE_INVALID): the room is not progressing.
  void PlaceBridge(const Principal& principal, const std::string& id, Done<MediaRef> done);

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_CONFERENCES_H_
