#include "gateway/media_stream/stream_request.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "gateway/rest/url.h"

namespace tutti::gateway::media_stream {
namespace {

using control::v1::OpenMediaStreamRequest;

absl::Status Refuse(const std::string& field, const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", message, {{"field", field}});
}

absl::Status Set(const std::string& name, const std::string& value, OpenMediaStreamRequest& request) {
  if (name == "rate") {
    if (value != "8000" && value != "16000") return Refuse(name, "rate is 8000 or 16000.");
    request.set_rate(value == "8000" ? 8000 : 16'000);
  } else if (name == "format") {
    if (value != "s16le") return Refuse(name, "format is s16le.");
  } else if (name == "direction") {
    if (value != "recvonly" && value != "sendrecv") return Refuse(name, "direction is recvonly or sendrecv.");
    request.set_direction(value == "recvonly" ? OpenMediaStreamRequest::DIRECTION_RECVONLY
                                              : OpenMediaStreamRequest::DIRECTION_SENDRECV);
  } else if (name == "source") {
    request.set_source(value);
  } else if (name == "pin") {
    request.set_pin(value);
  } else {
    // Its name is the client's own and may be a secret at the wrong place.
    return Refuse("query", "The parameters are rate, format, direction, source and pin.");
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<std::string> FindConference(std::string_view path) {
  const auto parsed = ParsePath(path);
  if (!parsed.ok() || !parsed->verb.empty()) return std::nullopt;
  const auto& segments = parsed->segments;
  if (segments.size() != 4 || segments[0] != "v1" || segments[1] != "conferences" || segments[3] != "media_stream") {
    return std::nullopt;
  }
  return segments[2];
}

absl::StatusOr<OpenMediaStreamRequest> ParseStreamRequest(const std::string& conference_id, std::string_view target) {
  OpenMediaStreamRequest request;
  request.set_id(conference_id);
  request.set_direction(OpenMediaStreamRequest::DIRECTION_RECVONLY);
  request.set_rate(16'000);
  const size_t mark = target.find('?');
  if (mark == std::string_view::npos) return request;
  TUTTI_ASSIGN_OR_RETURN(const QueryParameters query, ParseQuery(target.substr(mark + 1)));
  std::set<std::string> seen;
  for (const auto& [name, value] : query) {
    TUTTI_RETURN_IF_ERROR(Set(name, value, request));
    if (!seen.insert(name).second) return Refuse(name, absl::StrCat(name, " is there twice."));
  }
  return request;
}

}  // namespace tutti::gateway::media_stream
