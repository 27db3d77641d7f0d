#include "control/core/uploaded_sounds.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/idempotency.h"
#include "control/core/lookup.h"
#include "control/core/paging.h"
#include "control/core/steps.h"
#include "control/rules/times.h"
#include "control/rules/validate.h"

namespace tutti::control {
namespace {

using store::SoundRecord;
using SoundReply = Reply<SoundRecord, v1::Sound>;

constexpr char kCreateSoundMethod[] = "CreateSound";
constexpr int64_t kSoundsMax = 200;

absl::StatusOr<SoundRecord> Find(Transaction& tx, const Principal& principal, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(auto record, tx.sounds.Find(id, Lock::kNo));
  if (!record.has_value() || record->sound().customer_id() != principal.customer_id) {
    return ResourceNotFound("sound", id);
  }
  return *std::move(record);
}

absl::StatusOr<SoundReply> MakeSound(Work& work, const CoreOptions& options, const Principal& principal,
                                     const v1::CreateSoundRequest& request, absl::Duration duration,
                                     const std::string& idempotency_key) {
  const IdempotencyTable::Key key{principal.customer_id, kCreateSoundMethod, idempotency_key};
  const std::string body_hash = HashOf(request);
  if (!idempotency_key.empty()) {
    TUTTI_ASSIGN_OR_RETURN(const auto entry, FindIdempotent(work, options, key, body_hash));
    if (entry.has_value()) {
      TUTTI_ASSIGN_OR_RETURN(const SoundRecord made, Find(work.tx(), principal, entry->resource_id));
      return SoundReply{nullptr, Show(made)};
    }
  }
  TUTTI_ASSIGN_OR_RETURN(const int64_t count, work.tx().sounds.Count(principal.customer_id));
  if (count >= kSoundsMax) {
    return Error(absl::StatusCode::kResourceExhausted, "SOUND_LIMIT", absl::StrCat("there are ", count, " sounds"));
  }
  SoundRecord record;
  v1::Sound& sound = *record.mutable_sound();
  sound.set_id(work.NewId());
  sound.set_customer_id(principal.customer_id);
  sound.set_name(request.name());
  sound.set_duration(absl::ToDoubleSeconds(duration));
  sound.set_size(static_cast<int64_t>(request.file().data().size()));
  SetTime(*sound.mutable_tm_create(), work.now());
  record.set_revision(1);
  TUTTI_RETURN_IF_ERROR(work.tx().sounds.Insert(record, request.file().data()));
  if (!idempotency_key.empty()) {
    TUTTI_RETURN_IF_ERROR(work.tx().idempotency_keys.Insert(
        key, {body_hash, sound.id(), sound.SerializeAsString(), ToMicroseconds(work.now())}));
  }
  return SoundReply{nullptr, Show(record)};
}

}  // namespace

void UploadedSounds::Create(const Principal& principal, const v1::CreateSoundRequest& request, absl::Duration duration,
                            const std::string& idempotency_key, Done<v1::Sound> done) {
  absl::Status status = CheckName(request.name());
  if (status.ok()) status = CheckIdempotencyKey(idempotency_key);
  if (!status.ok()) return done(status);
  steps_.RunReply<SoundRecord, v1::Sound>(
      principal,
      [&options = steps_.options(), principal, request, duration, idempotency_key](Work& work, Rules&) {
        return MakeSound(work, options, principal, request, duration, idempotency_key);
      },
      std::move(done));
}

absl::StatusOr<v1::Sound> UploadedSounds::Get(const Principal& principal, const std::string& id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", id));
  v1::Sound sound;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const SoundRecord record, Find(tx, principal, id));
    sound = Show(record);
    return absl::OkStatus();
  }));
  return sound;
}

absl::StatusOr<v1::ListSoundsResponse> UploadedSounds::List(const Principal& principal,
                                                            const v1::ListSoundsRequest& request) {
  return ReadPage<v1::ListSoundsResponse>(steps_, absl::StrCat("sounds/", principal.customer_id), request,
                                          [&](Transaction& tx, const PageStart& start, int limit) {
                                            return tx.sounds.List(principal.customer_id, start, limit);
                                          });
}

void UploadedSounds::Delete(const Principal& principal, const std::string& id, Done<v1::Sound> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  steps_.RunReply<SoundRecord, v1::Sound>(
      principal,
      [principal, id](Work& work, Rules&) -> absl::StatusOr<SoundReply> {
        TUTTI_ASSIGN_OR_RETURN(const SoundRecord record, Find(work.tx(), principal, id));
        TUTTI_RETURN_IF_ERROR(work.tx().sounds.Delete(id));
        return SoundReply{nullptr, Show(record)};
      },
      std::move(done));
}

absl::StatusOr<std::string> UploadedSounds::ReadFile(const Principal& principal, const std::string& id) {
  std::string bytes;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_RETURN_IF_ERROR(Find(tx, principal, id).status());
    TUTTI_ASSIGN_OR_RETURN(auto found, tx.sounds.FindFile(id));
    if (!found.has_value()) return ResourceNotFound("sound", id);
    bytes = *std::move(found);
    return absl::OkStatus();
  }));
  return bytes;
}

}  // namespace tutti::control
