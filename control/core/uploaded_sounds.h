#ifndef CONTROL_CORE_UPLOADED_SOUNDS_H_
#define CONTROL_CORE_UPLOADED_SOUNDS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "control/core/done.h"
#include "control/core/principal.h"
#include "tutti/control/v1/sound.pb.h"

namespace tutti::control {

class Steps;

// Customers' own sounds. Errors are those of the service's comments; an empty
// idempotency key means none. Thread-safe.
class UploadedSounds {
 public:
  explicit UploadedSounds(Steps& steps) : steps_(steps) {}

  // `duration` is that of the request's file, which was decoded.
  void Create(const Principal& principal, const v1::CreateSoundRequest& request, absl::Duration duration,
              const std::string& idempotency_key, Done<v1::Sound> done);
  absl::StatusOr<v1::Sound> Get(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListSoundsResponse> List(const Principal& principal, const v1::ListSoundsRequest& request);
  void Delete(const Principal& principal, const std::string& id, Done<v1::Sound> done);
  // The file as it was uploaded.
  absl::StatusOr<std::string> ReadFile(const Principal& principal, const std::string& id);

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_UPLOADED_SOUNDS_H_
