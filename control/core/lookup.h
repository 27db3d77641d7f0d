#ifndef CONTROL_CORE_LOOKUP_H_
#define CONTROL_CORE_LOOKUP_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/core/principal.h"
#include "control/rules/work.h"

namespace tutti::control {

// NOT_FOUND (CONFERENCE_NOT_FOUND and the like).
absl::Status ResourceNotFound(const std::string& resource, const std::string& id);

// NOT_FOUND (NOTHING_WANTED): the row wants nothing of others any more.
absl::Status NothingWanted(const std::string& id);

// The customer's room.
absl::StatusOr<store::ConferenceRecord*> LoadConference(Work& work, const Principal& principal, const std::string& id);

// What a media node tells of, if the row says that it is there; null for a stray one.
absl::StatusOr<store::CallRecord*> FindCallOnNode(Work& work, const std::string& node_id, const std::string& leg_id);
absl::StatusOr<store::RecordingRecord*> FindRecordingOnNode(Work& work, const std::string& node_id,
                                                            const std::string& id);
absl::StatusOr<store::TranscribeRecord*> FindTranscribeOnNode(Work& work, const std::string& node_id,
                                                              const std::string& id);

}  // namespace tutti::control

#endif  // CONTROL_CORE_LOOKUP_H_
