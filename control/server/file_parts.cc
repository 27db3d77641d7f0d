#include "control/server/file_parts.h"

#include <utility>

#include "common/log/log.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr char kTokenSecret[] = "token_secret";
// Each has a thread, and 256 KiB or so on its way.
constexpr int kDownloadsMax = 64;
constexpr int kCustomerDownloadsMax = 16;

// Who is heard in a transcript; a call that is long gone has no name any more.
std::string FindSource(Core& core, const Principal& principal, const std::string& conferencecall_id) {
  const auto participant = core.conferencecalls().Get(principal, conferencecall_id);
  if (!participant.ok()) return "";
  const auto call = core.calls().Get(principal, participant->reference_id());
  return call.ok() ? call->source() : "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileParts>> FileParts::Make(const Options& options, Core& core, Store& store,
                                                           Clock& clock, const Authenticator& authenticator,
                                                           prometheus::Registry& registry) {
  std::unique_ptr<s3::Bucket> bucket;
  if (options.object_store.has_value()) {
    TUTTI_ASSIGN_OR_RETURN(bucket, s3::Bucket::Make(*options.object_store, clock));
  }
  std::optional<std::string> secret;
  TUTTI_RETURN_IF_ERROR(store.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(secret, tx.meta.Find(kTokenSecret));
    return absl::OkStatus();
  }));
  if (!secret.has_value()) return absl::FailedPreconditionError("the data base has no token secret");
  return std::unique_ptr<FileParts>(
      new FileParts(options, std::move(bucket), *std::move(secret), core, clock, authenticator, registry));
}

FileParts::FileParts(const Options& options, std::unique_ptr<s3::Bucket> bucket, std::string secret, Core& core,
                     Clock& clock, const Authenticator& authenticator, prometheus::Registry& registry)
    : bucket_(std::move(bucket)),
      links_(std::move(secret), clock),
      metrics_(registry),
      nodes_(options.media_nodes, options.tls),
      objects_(bucket_.get()),
      downloads_(kDownloadsMax, kCustomerDownloadsMax),
      recordings_({.find = [&core](const std::string& file_id) { return core.stored_files().Find(file_id); },
                   .authenticator = authenticator,
                   .links = links_,
                   .clock = clock,
                   .downloads = downloads_,
                   .nodes = nodes_,
                   .objects = objects_,
                   .metrics = metrics_}),
      texts_(
          [&core](const Principal& principal, const v1::ListTranscriptsRequest& request) {
            return core.transcribes().ListTranscripts(principal, request);
          },
          [&core](const Principal& principal, const std::string& conferencecall_id) {
            return FindSource(core, principal, conferencecall_id);
          },
          authenticator, downloads_) {
  if (bucket_ == nullptr) return;
  deleter_ = std::make_unique<ObjectDeleter>(
      *bucket_, metrics_,
      [&core](const std::string& recording_id) { return core.stored_files().ReadDeletion(recording_id); },
      [&core](const std::string& recording_id) {
        core.stored_files().NoteDeletion(recording_id, [recording_id](const absl::Status& status) {
          if (status.ok()) return;
          log::Warning("a deletion from the object store is not noted, and is made again",
                       {{"recording_id", recording_id}, {"error", status.ToString()}});
        });
      });
}

void FileParts::OnCommit(const Effects& effects) {
  if (deleter_ != nullptr) deleter_->Enqueue(effects.object_deletions);
}

void FileParts::Stop() {
  downloads_.Stop();
  if (deleter_ != nullptr) deleter_->Stop();
}

}  // namespace tutti::control
