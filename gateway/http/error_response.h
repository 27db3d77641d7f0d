#ifndef GATEWAY_HTTP_ERROR_RESPONSE_H_
#define GATEWAY_HTTP_ERROR_RESPONSE_H_

#include <string_view>

#include "absl/status/status.h"
#include "gateway/http/http.h"

namespace tutti::gateway {

// The HTTP status of a status' code.
int HttpStatus(absl::StatusCode code);

// The envelope {"error":{"status","reason","message","request_id","details"}}. A
// status without a reason has its code's word as the reason. 429 and 503 come
// with Retry-After, 401 with WWW-Authenticate.
Response ErrorResponse(const absl::Status& status, std::string_view request_id);

// The same with another HTTP status than the code's: 405, 413, 415 …
Response ErrorResponse(int http_status, const absl::Status& status, std::string_view request_id);

}  // namespace tutti::gateway

#endif  // GATEWAY_HTTP_ERROR_RESPONSE_H_
