#ifndef GATEWAY_REST_REQUEST_BUILDER_H_
#define GATEWAY_REST_REQUEST_BUILDER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/http/http.h"
#include "gateway/rest/route_table.h"
#include "google/protobuf/message.h"

namespace tutti::gateway {

// Is a body, if there is one, not encoded, and JSON; or, where the route takes bytes,
// of a type that a web page can't send to another site without asking (the Fetch
// standard's "CORS-safelisted")? Reason UNSUPPORTED_MEDIA_TYPE.
absl::Status CheckMediaType(const Route& route, const Request& request);

// The gRPC request of an HTTP request: body, then path, then query, then
// If-Match; for PATCH the update mask is what the body names. Errors are
// INVALID_ARGUMENT (INVALID_JSON_BODY, INVALID_REQUEST_PARAMETER with "field").
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> BuildRequest(const Route& route, const Bindings& bindings,
                                                                        const Request& request);

}  // namespace tutti::gateway

#endif  // GATEWAY_REST_REQUEST_BUILDER_H_
