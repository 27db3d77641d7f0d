#include "control/core/lookup.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::control {

absl::Status ResourceNotFound(const std::string& resource, const std::string& id) {
  return Error(absl::StatusCode::kNotFound, absl::StrCat(absl::AsciiStrToUpper(resource), "_NOT_FOUND"),
               absl::StrCat("there is no ", resource, " ", id));
}

absl::Status NothingWanted(const std::string& id) {
  return Error(absl::StatusCode::kNotFound, "NOTHING_WANTED", absl::StrCat("nothing is wanted of ", id));
}

absl::StatusOr<store::ConferenceRecord*> LoadConference(Work& work, const Principal& principal, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(store::ConferenceRecord * record, work.Conference(id));
  if (record == nullptr || record->conference().customer_id() != principal.customer_id) {
    return ResourceNotFound("conference", id);
  }
  return record;
}

absl::StatusOr<store::CallRecord*> FindCallOnNode(Work& work, const std::string& node_id, const std::string& leg_id) {
  TUTTI_ASSIGN_OR_RETURN(store::CallRecord * call, work.Call(leg_id));
  return call != nullptr && call->node_id() == node_id ? call : nullptr;
}

absl::StatusOr<store::RecordingRecord*> FindRecordingOnNode(Work& work, const std::string& node_id,
                                                            const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(store::RecordingRecord * record, work.Recording(id));
  return record != nullptr && record->job().node_id() == node_id ? record : nullptr;
}

absl::StatusOr<store::TranscribeRecord*> FindTranscribeOnNode(Work& work, const std::string& node_id,
                                                              const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(store::TranscribeRecord * record, work.Transcribe(id));
  return record != nullptr && record->job().node_id() == node_id ? record : nullptr;
}

}  // namespace tutti::control
