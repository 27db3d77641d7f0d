#include "control/files/node_file_source.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/client.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "grpcpp/client_context.h"

namespace tutti::control {
namespace {

absl::Status Unavailable(const std::string& node_id) {
  return Error(absl::StatusCode::kUnavailable, "MEDIA_NODE_UNAVAILABLE",
               absl::StrCat("media node ", node_id, ", which has the file, can't be reached"));
}

}  // namespace

NodeFileSource::NodeFileSource(const std::map<std::string, std::string>& nodes, const std::shared_ptr<const Tls>& tls) {
  for (const auto& [id, address] : nodes) stubs_[id] = media::v1::MediaPlane::NewStub(MakeRpcChannel(address, tls));
}

absl::Status NodeFileSource::Read(const FileRef& file, int64_t offset, int64_t length, const Sink& sink,
                                  Cancellation& cancellation) {
  const auto stub = stubs_.find(file.node_id);
  if (stub == stubs_.end()) return Unavailable(file.node_id);
  media::v1::ReadRecordingFileRequest request;
  request.set_recording_id(file.recording_id);
  request.set_name(file.name);
  request.set_offset(offset);
  request.set_length(length);
  grpc::ClientContext context;
  const Cancellation::Scope scope(cancellation, [&context] { context.TryCancel(); });
  const auto reader = stub->second->ReadRecordingFile(&context, request);
  media::v1::ReadRecordingFileResponse response;
  int64_t got = 0;
  bool wanted = true;
  while (wanted && reader->Read(&response)) {
    got += static_cast<int64_t>(response.data().size());
    wanted = got <= length && sink(std::move(*response.mutable_data()));
  }
  if (!wanted) context.TryCancel();
  const absl::Status status = FromGrpcStatus(reader->Finish());
  if (!wanted || cancellation.cancelled()) return absl::CancelledError("no more is wanted");
  if (absl::IsNotFound(status)) return status;
  // Whatever it says: the file is whole there, or it is not to be had now.
  return status.ok() && got == length ? absl::OkStatus() : Unavailable(file.node_id);
}

}  // namespace tutti::control
