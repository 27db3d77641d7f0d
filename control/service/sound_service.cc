#include "control/service/sound_service.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/service/reply.h"
#include "control/service/request.h"
#include "control/sound/decode.h"

namespace tutti::control {
namespace {

constexpr size_t kUploadBytesMax = size_t{3} << 20;
constexpr int kBytesPerSample = 2;

absl::StatusOr<absl::Duration> DurationOf(const std::string& file) {
  if (file.empty()) {
    return Error(absl::StatusCode::kInvalidArgument, "MISSING_REQUEST_PARAMETER", "file is required",
                 {{"field", "file"}});
  }
  if (file.size() > kUploadBytesMax) {
    return Error(absl::StatusCode::kInvalidArgument, "SOUND_NOT_SUPPORTED",
                 absl::StrCat("the file has more than ", kUploadBytesMax, " bytes"));
  }
  TUTTI_ASSIGN_OR_RETURN(const SoundData sound, DecodeSound(file));
  return absl::Seconds(1) * (sound.samples.size() / kBytesPerSample) / sound.sample_rate_hz;
}

}  // namespace

using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

Reactor* SoundService::CreateSound(Context* context, const v1::CreateSoundRequest* request, v1::Sound* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Sound> done) {
    const auto key = GetIdempotencyKey(*context);
    if (!key.ok()) return done(key.status());
    const absl::Status status = reads_.Run([this, principal, request = *request, key = *key, done] {
      const auto duration = DurationOf(request.file().data());
      if (!duration.ok()) return done(duration.status());
      uploaded_sounds_.Create(principal, request, *duration, key, done);
    });
    if (!status.ok()) done(status);
  });
}

Reactor* SoundService::ListSounds(Context* context, const v1::ListSoundsRequest* request,
                                  v1::ListSoundsResponse* response) {
  return AnswerFrom<v1::ListSoundsResponse>(
      authenticator_, *context, reads_, response,
      [this, request = *request](const Principal& principal) { return uploaded_sounds_.List(principal, request); });
}

Reactor* SoundService::GetSound(Context* context, const v1::GetSoundRequest* request, v1::Sound* response) {
  return AnswerFrom<v1::Sound>(
      authenticator_, *context, reads_, response,
      [this, id = request->id()](const Principal& principal) { return uploaded_sounds_.Get(principal, id); });
}

Reactor* SoundService::DeleteSound(Context* context, const v1::DeleteSoundRequest* request, v1::Sound* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Sound> done) {
    uploaded_sounds_.Delete(principal, request->id(), std::move(done));
  });
}

}  // namespace tutti::control
