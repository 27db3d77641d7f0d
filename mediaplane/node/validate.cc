#include "mediaplane/node/validate.h"

#include "absl/strings/str_cat.h"
#include "common/id/id.h"
#include "common/status/status.h"
#include "mediaplane/engine/engine.h"

namespace tutti::mediaplane {
namespace {

constexpr int64_t kMediaTimeoutMsMax = 24 * 3'600'000;
// Of a language, or of who knows it.
constexpr size_t kNameBytesMax = 64;
constexpr int64_t kRecordingMsMax = 24 * 3'600'000;

absl::Status CheckVolume(int32_t volume_db) {
  if (volume_db >= kVolumeDbMin && volume_db <= kVolumeDbMax) return absl::OkStatus();
  return InvalidRequest(absl::StrCat("volume_db must be ", kVolumeDbMin, " to ", kVolumeDbMax));
}

}  // namespace

absl::Status InvalidRequest(const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", message);
}

absl::Status Removed(const char* reason, const char* what, const std::string& id, int64_t revision) {
  return Error(absl::StatusCode::kFailedPrecondition, reason,
               absl::StrCat(what, " ", id, " was removed at revision ", revision));
}

absl::Status CheckId(const char* name, const std::string& id) {
  if (IsUuid(id)) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_ID", absl::StrCat(name, " is no UUID"));
}

absl::Status CheckIdAndRevision(const char* name, const std::string& id, int64_t revision) {
  TUTTI_RETURN_IF_ERROR(CheckId(name, id));
  if (revision > 0) return absl::OkStatus();
  return InvalidRequest(absl::StrCat("the revision of ", name, " ", id, " must be above 0"));
}

absl::Status CheckSampleRate(uint32_t sample_rate_hz) {
  if (sample_rate_hz == 8000 || sample_rate_hz == 16'000) return absl::OkStatus();
  return InvalidRequest("sample_rate_hz must be 8000 or 16000");
}

absl::Status CheckLeg(const media::v1::PutLegRequest& request) {
  if (request.media_timeout_ms() < 0 || request.media_timeout_ms() > kMediaTimeoutMsMax) {
    return InvalidRequest(absl::StrCat("media_timeout_ms must be 0 to ", kMediaTimeoutMsMax));
  }
  if (!request.participant_id().empty()) TUTTI_RETURN_IF_ERROR(CheckId("participant", request.participant_id()));
  if (request.has_stream()) TUTTI_RETURN_IF_ERROR(CheckSampleRate(request.stream().sample_rate_hz()));
  const media::v1::LegSettings& settings = request.settings();
  TUTTI_RETURN_IF_ERROR(CheckVolume(settings.volume_db()));
  if (static_cast<size_t>(settings.heard_only_by_size()) > kHeardOnlyByMax) {
    return InvalidRequest(absl::StrCat("heard_only_by names more than ", kHeardOnlyByMax, " legs"));
  }
  for (const std::string& id : settings.heard_only_by()) TUTTI_RETURN_IF_ERROR(CheckId("a leg in heard_only_by", id));
  return absl::OkStatus();
}

absl::Status CheckPlay(const media::v1::PlayAudioRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckId("operation", request.operation_id()));
  if (request.leg_id().empty() == request.bridge_id().empty()) {
    return InvalidRequest("a sound is played to a leg or to a bridge: one of the two");
  }
  TUTTI_RETURN_IF_ERROR(CheckId("target", request.leg_id().empty() ? request.bridge_id() : request.leg_id()));
  if (request.stop_on_dtmf() && request.leg_id().empty()) {
    return InvalidRequest("stop_on_dtmf is for a leg: a bridge has no digits");
  }
  return CheckVolume(request.volume_db());
}

absl::Status CheckTranscription(const media::v1::PutTranscriptionRequest& request) {
  using Request = media::v1::PutTranscriptionRequest;
  TUTTI_RETURN_IF_ERROR(CheckIdAndRevision("transcription", request.transcription_id(), request.revision()));
  TUTTI_RETURN_IF_ERROR(CheckId("bridge", request.bridge_id()));
  if (request.wanted() != Request::WANTED_RUN && request.wanted() != Request::WANTED_STOP) {
    return InvalidRequest("wanted must be to run or to stop");
  }
  if (request.language().empty() || request.language().size() > kNameBytesMax) {
    return InvalidRequest(absl::StrCat("language must have 1 to ", kNameBytesMax, " bytes"));
  }
  if (request.provider().size() <= kNameBytesMax) return absl::OkStatus();
  return InvalidRequest(absl::StrCat("provider must have at most ", kNameBytesMax, " bytes"));
}

absl::Status CheckStop(const media::v1::StopAudioRequest& request) {
  const int named = !request.operation_id().empty() + !request.leg_id().empty() + !request.bridge_id().empty();
  if (named != 1) return InvalidRequest("what to stop is an operation, a leg or a bridge: one of the three");
  for (const std::string* id : {&request.operation_id(), &request.leg_id(), &request.bridge_id()}) {
    if (!id->empty()) TUTTI_RETURN_IF_ERROR(CheckId("what to stop", *id));
  }
  return absl::OkStatus();
}

absl::Status CheckRecording(const media::v1::PutRecordingRequest& request) {
  using Request = media::v1::PutRecordingRequest;
  TUTTI_RETURN_IF_ERROR(CheckIdAndRevision("recording", request.recording_id(), request.revision()));
  TUTTI_RETURN_IF_ERROR(CheckId("bridge", request.bridge_id()));
  if (request.wanted() == Request::WANTED_UNSPECIFIED || !Request::Wanted_IsValid(request.wanted())) {
    return InvalidRequest("wanted says what the recording shall do");
  }
  if (request.format() == media::v1::RECORDING_FORMAT_UNSPECIFIED ||
      !media::v1::RecordingFormat_IsValid(request.format())) {
    return InvalidRequest("format is one of RecordingFormat");
  }
  if (request.sample_rate_hz() != 8000 && request.sample_rate_hz() != 16000) {
    return InvalidRequest(absl::StrCat("sample_rate_hz is ", request.sample_rate_hz(), " and must be 8000 or 16000"));
  }
  if (request.duration_ms_max() <= 0 || request.duration_ms_max() > kRecordingMsMax) {
    return InvalidRequest(
        absl::StrCat("duration_ms_max is ", request.duration_ms_max(), " and must be 1 to ", kRecordingMsMax));
  }
  return absl::OkStatus();
}

}  // namespace tutti::mediaplane
