#ifndef CONTROL_CORE_OWNERS_H_
#define CONTROL_CORE_OWNERS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tutti::control {

class Steps;

// Whose a leg is, and which participant it is now; both ids are empty where it is
// in no room.
struct LegOwner {
  std::string customer_id;
  std::string conferencecall_id;
  std::string conference_id;
};

// What a transcription is of.
struct TranscribeOwner {
  std::string customer_id;
  std::string conference_id;
  absl::Time tm_create;
};

// Whose what media nodes tell of is. Unknown ones are left out. Thread-safe.
class Owners {
 public:
  explicit Owners(Steps& steps) : steps_(steps) {}

  // By leg id.
  absl::StatusOr<std::map<std::string, LegOwner>> FindOfLegs(const std::vector<std::string>& leg_ids);
  absl::StatusOr<std::map<std::string, TranscribeOwner>> FindOfTranscribes(const std::vector<std::string>& ids);

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_OWNERS_H_
