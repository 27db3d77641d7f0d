#include "tools/api_client/api_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "nlohmann/json.hpp"

namespace tutti::tools {
namespace {

using nlohmann::json;

// A list longer than this is no list of one room's participants.
constexpr int kPagesMax = 1'000;

absl::StatusCode CodeOf(int http_status) {
  switch (http_status) {
    case 400:
    case 413:
    case 415:
      return absl::StatusCode::kInvalidArgument;
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 409:
      return absl::StatusCode::kFailedPrecondition;
    case 412:
      return absl::StatusCode::kAborted;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    case 501:
      return absl::StatusCode::kUnimplemented;
    case 503:
      return absl::StatusCode::kUnavailable;
    case 504:
      return absl::StatusCode::kDeadlineExceeded;
    default:
      return absl::StatusCode::kInternal;
  }
}

// Empty when it is missing, null, or no string.
std::string Text(const json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

int Number(const json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_number_integer() ? it->get<int>() : 0;
}

absl::Status Unexpected(const HttpRequest& request, const HttpResponse& response) {
  return Error(absl::StatusCode::kInternal, "UNEXPECTED_ANSWER",
               absl::StrCat(request.method, " ", request.path, " was answered with status ", response.status,
                            " and a body that is not ours; is this the gateway?"));
}

// The body's object, or the error that it says.
absl::StatusOr<json> Ask(HttpTransport& transport, const HttpRequest& request) {
  TUTTI_ASSIGN_OR_RETURN(const HttpResponse response, transport.Send(request));
  json body = json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return Unexpected(request, response);
  if (response.status >= 200 && response.status < 300) return body;
  const auto error = body.find("error");
  if (error == body.end() || !error->is_object()) return Unexpected(request, response);
  return Error(CodeOf(response.status), Text(*error, "reason"), Text(*error, "message"));
}

std::string Dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

Conference ToConference(const json& body) {
  return {Text(body, "id"), Text(body, "type"), Text(body, "status"), Text(body, "name"),
          Number(body, "participant_count")};
}

Conferencecall ToConferencecall(const json& body) {
  return {Text(body, "id"), Text(body, "conference_id"), Text(body, "reference_id"), Text(body, "status"),
          Text(body, "leave_reason")};
}

Call ToCall(const json& body) {
  return {Text(body, "id"), Text(body, "status"), Text(body, "sdp_answer"), Text(body, "hangup_reason")};
}

// An id as a part of a path: what is none must not reach another resource.
std::string Segment(const std::string& id) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const unsigned char c : id) {
    if (isalnum(c) || c == '-' || c == '_') {
      encoded += static_cast<char>(c);
    } else {
      encoded += {'%', kHex[c >> 4], kHex[c & 15]};
    }
  }
  return encoded;
}

}  // namespace

ApiClient::ApiClient(std::unique_ptr<HttpTransport> transport) : transport_(std::move(transport)) {}

absl::StatusOr<ApiClient> ApiClient::Connect(const std::string& gateway) {
  TUTTI_ASSIGN_OR_RETURN(auto transport, MakeCurlTransport(gateway));
  return ApiClient(std::move(transport));
}

absl::StatusOr<Conference> ApiClient::CreateConference(const std::string& name, const std::string& type) {
  const json body = {{"name", name}, {"type", type}};
  TUTTI_ASSIGN_OR_RETURN(const json answer, Ask(*transport_, {"POST", "/v1/conferences", Dump(body)}));
  return ToConference(answer);
}

absl::StatusOr<Conference> ApiClient::GetConference(const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(const json answer, Ask(*transport_, {"GET", "/v1/conferences/" + Segment(id), ""}));
  return ToConference(answer);
}

absl::StatusOr<Conference> ApiClient::DeleteConference(const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(const json answer, Ask(*transport_, {"DELETE", "/v1/conferences/" + Segment(id), ""}));
  return ToConference(answer);
}

absl::StatusOr<Call> ApiClient::CreateCall(const std::string& sdp_offer, const std::string& actions) {
  const json flow = json::parse(actions, nullptr, /*allow_exceptions=*/false);
  if (!flow.is_array()) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_ACTIONS", "The actions are not a JSON array.");
  }
  const json body = {{"type", "rtp"}, {"sdp_offer", sdp_offer}, {"actions", flow}};
  TUTTI_ASSIGN_OR_RETURN(const json answer, Ask(*transport_, {"POST", "/v1/calls", Dump(body)}));
  return ToCall(answer);
}

absl::StatusOr<Call> ApiClient::JoinConference(const std::string& sdp_offer, const std::string& conference_id) {
  const json actions = {{{"type", "conference_join"}, {"option", {{"conference_id", conference_id}}}}};
  return CreateCall(sdp_offer, Dump(actions));
}

absl::StatusOr<Call> ApiClient::GetCall(const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(const json answer, Ask(*transport_, {"GET", "/v1/calls/" + Segment(id), ""}));
  return ToCall(answer);
}

absl::StatusOr<Call> ApiClient::Hangup(const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(const json answer, Ask(*transport_, {"POST", "/v1/calls/" + Segment(id) + "/hangup", "{}"}));
  return ToCall(answer);
}

absl::StatusOr<std::vector<Conferencecall>> ApiClient::ListConferencecalls(const std::string& conference_id,
                                                                           const std::string& status) {
  std::vector<Conferencecall> all;
  std::string token;
  for (int page = 0; page < kPagesMax; ++page) {
    std::string path = "/v1/conferencecalls?conference_id=" + Segment(conference_id);
    if (!status.empty()) path += "&status=" + Segment(status);
    if (!token.empty()) path += "&page_token=" + Segment(token);
    TUTTI_ASSIGN_OR_RETURN(const json answer, Ask(*transport_, {"GET", path, ""}));
    const auto result = answer.find("result");
    if (result == answer.end() || !result->is_array()) {
      return Error(absl::StatusCode::kInternal, "UNEXPECTED_ANSWER", "The list of participants has no \"result\".");
    }
    for (const json& item : *result) {
      if (item.is_object()) all.push_back(ToConferencecall(item));
    }
    token = Text(answer, "next_page_token");
    if (token.empty()) break;
  }
  return all;
}

}  // namespace tutti::tools
