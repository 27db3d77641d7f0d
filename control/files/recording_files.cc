#include "control/files/recording_files.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/http_body.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr int kLinkSecondsDefault = 3'600;
constexpr int kLinkSecondsMax = 604'800;

std::string Metadata(const grpc::CallbackServerContext& context, const char* name) {
  const auto found = context.client_metadata().find(name);
  if (found == context.client_metadata().end()) return "";
  return std::string(found->second.data(), found->second.size());
}

FileConditions ReadConditions(const grpc::CallbackServerContext& context) {
  return {.head = Metadata(context, http_body::kMethod) == "HEAD",
          .range = Metadata(context, http_body::kRange),
          .if_range = Metadata(context, http_body::kIfRange),
          .if_none_match = Metadata(context, http_body::kIfNoneMatch)};
}

// Word by word what the core says of one that nobody has.
absl::Status FileNotFound(const std::string& file_id) {
  return Error(absl::StatusCode::kNotFound, "RECORDING_FILE_NOT_FOUND",
               absl::StrCat("there is no recording file ", file_id));
}

bool IsInObjectStore(const StoredFile& stored) { return stored.file.store() == v1::RecordingFile::STORE_OBJECT_STORE; }

}  // namespace

grpc::ServerWriteReactor<google::api::HttpBody>* RecordingFiles::Read(grpc::CallbackServerContext* context,
                                                                      const v1::ReadRecordingFileRequest* request) {
  auto reply = BodyReply::Make(*context, ReadRequestIds(*context));
  grpc::ServerWriteReactor<google::api::HttpBody>* reactor = reply.get();
  Wish wish{.file_id = request->id(), .customer_id = std::nullopt, .conditions = ReadConditions(*context)};
  if (request->token().empty()) {
    const auto principal = parts_.authenticator.Authenticate(*context);
    if (!principal.ok()) {
      reply->End(principal.status());
      return reactor;
    }
    wish.customer_id = principal->customer_id;
  } else if (!parts_.links.Holds(request->id(), request->token())) {
    reply->End(
        Error(absl::StatusCode::kUnauthenticated, "LINK_INVALID", "the link is not of this file, or has expired"));
    return reactor;
  }
  // Whoever has a link can't take all of a customer's.
  const std::string reader = wish.customer_id.value_or(absl::StrCat("link of ", wish.file_id));
  const absl::Status running =
      parts_.downloads.Run(reader, [this, wish = std::move(wish), reply] { reply->End(Answer(wish, *reply)); });
  if (!running.ok()) reply->End(running);
  return reactor;
}

absl::StatusOr<StoredFile> RecordingFiles::FindOf(const std::string& file_id,
                                                  const std::optional<std::string>& customer_id) {
  TUTTI_ASSIGN_OR_RETURN(StoredFile stored, parts_.find(file_id));
  if (customer_id.has_value() && stored.customer_id != *customer_id) return FileNotFound(file_id);
  return stored;
}

absl::Status RecordingFiles::Answer(const Wish& wish, BodyReply& reply) {
  TUTTI_ASSIGN_OR_RETURN(StoredFile stored, FindOf(wish.file_id, wish.customer_id));
  if (stored.status != v1::Recording::STATUS_ENDED && stored.status != v1::Recording::STATUS_FAILED) {
    return Error(absl::StatusCode::kFailedPrecondition, "STATE_INVALID",
                 absl::StrCat("recording ", stored.recording_id, " is not over: its files can't be read yet"));
  }
  const FileHead head = MakeFileHead(stored.file, stored.tm_end, wish.conditions);
  if (head.status == 416) {
    reply.AddHead(head.metadata);
    return Error(absl::StatusCode::kOutOfRange, "RANGE_NOT_SATISFIABLE",
                 absl::StrCat("file ", wish.file_id, " has ", stored.file.size(), " bytes"));
  }
  if (head.status == 304 || wish.conditions.head || head.length == 0) {
    reply.AddHead(head.metadata);
    if (head.status != 304) reply.Write(stored.file.content_type(), "");
    return absl::OkStatus();
  }
  bool begun = false;
  absl::Status status = Send(stored, head, reply, begun);
  if (absl::IsNotFound(status) && !begun) {
    // It may have gone to the object store a moment ago.
    const bool was_there = IsInObjectStore(stored);
    TUTTI_ASSIGN_OR_RETURN(stored, FindOf(wish.file_id, wish.customer_id));
    if (IsInObjectStore(stored) != was_there) status = Send(stored, head, reply, begun);
  }
  return absl::IsNotFound(status) ? FileNotFound(wish.file_id) : status;
}

absl::Status RecordingFiles::Send(const StoredFile& stored, const FileHead& head, BodyReply& reply, bool& begun) {
  const bool in_objects = IsInObjectStore(stored);
  const std::string store = in_objects ? "object_store" : "media_node";
  const auto sink = [&](std::string piece) {
    // Not before there is one: an error has no such headers.
    if (!std::exchange(begun, true)) reply.AddHead(head.metadata);
    const size_t bytes = piece.size();
    if (!reply.Write(stored.file.content_type(), std::move(piece))) return false;
    parts_.metrics.OnBytes(store, bytes);
    return true;
  };
  FileSource& source = in_objects ? parts_.objects : parts_.nodes;
  const absl::Status status = source.Read({stored.node_id, stored.recording_id, stored.file.name()}, head.offset,
                                          head.length, sink, reply.cancellation());
  parts_.metrics.OnRead(store, status);
  return status;
}

absl::StatusOr<v1::RecordingFileLink> RecordingFiles::MakeLink(const Principal& principal,
                                                               const v1::CreateRecordingFileLinkRequest& request) {
  if (request.duration() < 0 || request.duration() > kLinkSecondsMax) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER",
                 absl::StrCat("duration must be 1 to ", kLinkSecondsMax), {{"field", "duration"}});
  }
  TUTTI_RETURN_IF_ERROR(FindOf(request.id(), principal.customer_id).status());
  const int seconds = request.duration() == 0 ? kLinkSecondsDefault : request.duration();
  const int64_t expiry_s = absl::ToUnixSeconds(parts_.clock.Now()) + seconds;
  v1::RecordingFileLink link;
  link.set_path(absl::StrCat("/v1/recordingfiles/", request.id(),
                             "?token=", parts_.links.Make(request.id(), absl::FromUnixSeconds(expiry_s))));
  link.mutable_tm_expire()->set_seconds(expiry_s);
  return link;
}

}  // namespace tutti::control
