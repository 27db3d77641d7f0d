#include "control/export/transcribe_export.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "common/rpc/http_body.h"
#include "common/status/status.h"
#include "control/export/transcript_text.h"

namespace tutti::control {
namespace {

constexpr int kPageSize = 100;

bool IsHead(const grpc::CallbackServerContext& context) {
  const auto found = context.client_metadata().find(http_body::kMethod);
  return found != context.client_metadata().end() && found->second == "HEAD";
}

}  // namespace

grpc::ServerWriteReactor<google::api::HttpBody>* TranscribeExport::Export(grpc::CallbackServerContext* context,
                                                                          const v1::ExportTranscribeRequest* request) {
  auto reply = BodyReply::Make(*context, ReadRequestIds(*context));
  grpc::ServerWriteReactor<google::api::HttpBody>* reactor = reply.get();
  const auto principal = authenticator_.Authenticate(*context);
  const absl::Status running =
      principal.ok() ? downloads_.Run(principal->customer_id,
                                      [this, principal = *principal, request = *request, head = IsHead(*context),
                                       reply] { reply->End(Answer(principal, request, head, *reply)); })
                     : principal.status();
  if (!running.ok()) reply->End(running);
  return reactor;
}

absl::Status TranscribeExport::Answer(const Principal& principal, const v1::ExportTranscribeRequest& request,
                                      bool head_only, BodyReply& reply) {
  TranscriptText text(request.format());
  // Nobody changes their mind about who is who meanwhile.
  std::map<std::string, std::string> speakers;
  v1::ListTranscriptsRequest page;
  page.set_transcribe_id(request.id());
  page.set_page_size(kPageSize);
  std::string data = text.Begin();
  bool begun = false;
  do {
    TUTTI_ASSIGN_OR_RETURN(const v1::ListTranscriptsResponse texts, list_page_(principal, page));
    if (!std::exchange(begun, true)) {
      reply.AddHead({{http_body::kContentDisposition,
                      absl::StrCat("attachment; filename=\"", request.id(), ".", text.Extension(), "\"")}});
      if (head_only) data.clear();
    }
    for (const v1::Transcript& each : texts.result()) {
      const auto [speaker, added] = speakers.try_emplace(each.conferencecall_id());
      if (added) {
        const std::string source = find_source_(principal, each.conferencecall_id());
        speaker->second =
            source.empty() ? each.conferencecall_id() : absl::StrCat(source, " (", each.conferencecall_id(), ")");
      }
      if (!head_only) data += text.Piece(each, speaker->second);
    }
    if (!reply.Write(text.ContentType(), std::exchange(data, ""))) return absl::CancelledError("the client has gone");
    page.set_page_token(texts.next_page_token());
  } while (!page.page_token().empty() && !head_only);
  return absl::OkStatus();
}

}  // namespace tutti::control
