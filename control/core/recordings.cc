#include "control/core/recordings.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/lookup.h"
#include "control/core/paging.h"
#include "control/core/steps.h"
#include "control/rules/validate.h"

namespace tutti::control {
namespace {

using store::ConferenceRecord;
using store::NodeJob;
using store::RecordingRecord;
using ConferenceReply = Reply<ConferenceRecord, v1::Conference>;
using RecordingReply = Reply<RecordingRecord, v1::Recording>;

bool IsOf(const std::optional<RecordingRecord>& record, const Principal& principal) {
  return record.has_value() && !record->is_deleted() && record->recording().customer_id() == principal.customer_id;
}

std::string ListScope(const Principal& principal, const v1::ListRecordingsRequest& request) {
  return absl::StrCat("recordings/", principal.customer_id, "/", request.status(), "/", request.conference_id());
}

}  // namespace

void Recordings::Start(const Principal& principal, const v1::StartRecordingRequest& request,
                       Done<v1::Conference> done) {
  if (absl::Status status = CheckStartRecording(request); !status.ok()) return done(status);
  steps_.RunReply<ConferenceRecord, v1::Conference>(
      principal,
      [&steps = steps_, principal, request](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, LoadConference(work, principal, request.id()));
        // Its own errors come first.
        TUTTI_RETURN_IF_ERROR(Next(room->conference(), ConferenceEvent::kListen).status());
        std::string node_id = room->node_id();
        if (room->conference().recording_id().empty()) {
          TUTTI_ASSIGN_OR_RETURN(node_id, steps.nodes().Pick(room->node_id()));
        }
        TUTTI_RETURN_IF_ERROR(rules.StartRecording(*room, request, node_id).status());
        return ConferenceReply{room, std::nullopt};
      },
      std::move(done));
}

void Recordings::Stop(const Principal& principal, const std::string& conference_id, Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", conference_id); !status.ok()) return done(status);
  steps_.RunReply<ConferenceRecord, v1::Conference>(
      principal,
      [principal, conference_id](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, LoadConference(work, principal, conference_id));
        TUTTI_RETURN_IF_ERROR(rules.StopRecording(*room));
        work.Emit("conference_updated", *room);
        return ConferenceReply{room, std::nullopt};
      },
      std::move(done));
}

void Recordings::Pause(const Principal& principal, const std::string& conference_id, bool paused,
                       Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", conference_id); !status.ok()) return done(status);
  steps_.RunReply<ConferenceRecord, v1::Conference>(
      principal,
      [principal, conference_id, paused](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, LoadConference(work, principal, conference_id));
        TUTTI_RETURN_IF_ERROR(rules.PauseRecording(*room, paused));
        return ConferenceReply{room, std::nullopt};
      },
      std::move(done));
}

absl::StatusOr<v1::Recording> Recordings::Get(const Principal& principal, const std::string& id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", id));
  v1::Recording recording;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.recordings.Find(id, Lock::kNo));
    if (!IsOf(record, principal)) return ResourceNotFound("recording", id);
    recording = Show(*record);
    return absl::OkStatus();
  }));
  return recording;
}

absl::StatusOr<v1::ListRecordingsResponse> Recordings::List(const Principal& principal,
                                                            const v1::ListRecordingsRequest& request) {
  if (!request.conference_id().empty()) TUTTI_RETURN_IF_ERROR(CheckId("conference_id", request.conference_id()));
  return ReadPage<v1::ListRecordingsResponse>(
      steps_, ListScope(principal, request), request, [&](Transaction& tx, const PageStart& start, int limit) {
        return tx.recordings.List({principal.customer_id, request.conference_id(), request.status()}, start, limit);
      });
}

void Recordings::Delete(const Principal& principal, const std::string& id, Done<v1::Recording> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  steps_.RunReply<RecordingRecord, v1::Recording>(
      principal,
      [principal, id](Work& work, Rules& rules) -> absl::StatusOr<RecordingReply> {
        TUTTI_ASSIGN_OR_RETURN(RecordingRecord * record, work.Recording(id));
        if (record == nullptr || record->is_deleted() || record->recording().customer_id() != principal.customer_id) {
          return ResourceNotFound("recording", id);
        }
        TUTTI_RETURN_IF_ERROR(rules.DeleteRecording(*record));
        return RecordingReply{record, std::nullopt};
      },
      std::move(done));
}

}  // namespace tutti::control
