#include "gateway/http/error_response.h"

#include <string>

#include "common/status/status.h"
#include "nlohmann/json.hpp"

namespace tutti::gateway {

int HttpStatus(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return 409;
    case absl::StatusCode::kAborted:
      return 412;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

Response ErrorResponse(const absl::Status& status, std::string_view request_id) {
  return ErrorResponse(HttpStatus(status.code()), status, request_id);
}

Response ErrorResponse(int http_status, const absl::Status& status, std::string_view request_id) {
  const ErrorDetail detail = GetErrorDetail(status);
  const std::string word = absl::StatusCodeToString(status.code());
  nlohmann::ordered_json error;
  error["status"] = word;
  error["reason"] = detail.reason.empty() ? word : detail.reason;
  error["message"] = std::string(status.message());
  error["request_id"] = std::string(request_id);
  error["details"] = nlohmann::ordered_json::object();
  for (const auto& [key, value] : detail.details) error["details"][key] = value;
  Response response;
  response.status = http_status;
  response.body =
      nlohmann::ordered_json{{"error", error}}.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  if (http_status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer"});
  if (http_status == 429 || http_status == 503) response.headers.push_back({"Retry-After", "1"});
  return response;
}

}  // namespace tutti::gateway
