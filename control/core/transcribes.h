#ifndef CONTROL_CORE_TRANSCRIBES_H_
#define CONTROL_CORE_TRANSCRIBES_H_

#include <string>

#include "absl/status/statusor.h"
#include "control/core/done.h"
#include "control/core/principal.h"
#include "tutti/control/v1/conference.pb.h"
#include "tutti/control/v1/transcribe.pb.h"

namespace tutti::control {

class Steps;

// What customers ask of transcriptions. Errors are those of the service's comments.
// Thread-safe.
class Transcribes {
 public:
  explicit Transcribes(Steps& steps) : steps_(steps) {}

  void Start(const Principal& principal, const v1::StartTranscribeRequest& request, Done<v1::Conference> done);
  // The room's, and one by its own id.
  void StopOf(const Principal& principal, const std::string& conference_id, Done<v1::Conference> done);
  void Stop(const Principal& principal, const std::string& id, Done<v1::Transcribe> done);
  void Delete(const Principal& principal, const std::string& id, Done<v1::Transcribe> done);
  absl::StatusOr<v1::Transcribe> Get(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListTranscribesResponse> List(const Principal& principal,
                                                   const v1::ListTranscribesRequest& request);
  absl::StatusOr<v1::ListTranscriptsResponse> ListTranscripts(const Principal& principal,
                                                              const v1::ListTranscriptsRequest& request);

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_TRANSCRIBES_H_
