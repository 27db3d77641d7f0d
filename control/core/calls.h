#ifndef CONTROL_CORE_CALLS_H_
#define CONTROL_CORE_CALLS_H_

#include <string>

#include "absl/status/statusor.h"
#include "control/core/done.h"
#include "control/core/principal.h"
#include "control/rules/media.h"
#include "tutti/control/v1/call.pb.h"
#include "tutti/control/v1/conference.pb.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::control {

class Steps;

// What customers ask of calls. Errors are those of the service's comments; an empty
// idempotency key means none. Thread-safe.
class Calls {
 public:
  explicit Calls(Steps& steps) : steps_(steps) {}

  // `offer` is request.call().sdp_offer(), parsed. `done` is called when the
  // media plane has answered and that is committed, or has refused.
  void Create(const Principal& principal, const v1::CreateCallRequest& request,
              const media::v1::MediaDescription& offer, const std::string& idempotency_key, Done<v1::Call> done);
  // Calls of type `websocket`: one that joins the room, and whose samples go by
  // `token`. `done` is called as Create's.
  void CreateStream(const Principal& principal, const v1::OpenMediaStreamRequest& request, const std::string& token,
                    Done<v1::Call> done);
  absl::StatusOr<v1::Call> Get(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListCallsResponse> List(const Principal& principal, const v1::ListCallsRequest& request);
  // `offer` is request.sdp_offer(), parsed. `done` is called as Create's.
  void Reoffer(const Principal& principal, const v1::ReofferCallRequest& request,
               const media::v1::MediaDescription& offer, Done<v1::Call> done);
  void Hangup(const Principal& principal, const std::string& id, Done<v1::Call> done);
  void SetOnHold(const Principal& principal, const std::string& id, bool on_hold, Done<v1::Call> done);
  void SetMuted(const Principal& principal, const std::string& id, bool muted, Done<v1::Call> done);
  // Where the call's leg is, for statistics of now; an empty node_id where it has none.
  absl::StatusOr<MediaRef> FindLeg(const Principal& principal, const std::string& id);

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_CALLS_H_
