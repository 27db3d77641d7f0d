#ifndef CONTROL_CORE_RECORDINGS_H_
#define CONTROL_CORE_RECORDINGS_H_

#include <string>

#include "absl/status/statusor.h"
#include "control/core/done.h"
#include "control/core/principal.h"
#include "tutti/control/v1/conference.pb.h"
#include "tutti/control/v1/recording.pb.h"

namespace tutti::control {

class Steps;

// What customers ask of recordings. Errors are those of the service's comments.
// Thread-safe.
class Recordings {
 public:
  explicit Recordings(Steps& steps) : steps_(steps) {}

  void Start(const Principal& principal, const v1::StartRecordingRequest& request, Done<v1::Conference> done);
  void Stop(const Principal& principal, const std::string& conference_id, Done<v1::Conference> done);
  // Pauses it or takes that back.
  void Pause(const Principal& principal, const std::string& conference_id, bool paused, Done<v1::Conference> done);
  absl::StatusOr<v1::Recording> Get(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListRecordingsResponse> List(const Principal& principal, const v1::ListRecordingsRequest& request);
  void Delete(const Principal& principal, const std::string& id, Done<v1::Recording> done);

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_RECORDINGS_H_
