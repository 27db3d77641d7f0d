#include "gateway/rest/control_call.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "common/status/status.h"
#include "common/trace/trace_context.h"

namespace tutti::gateway {
namespace {

constexpr size_t kTracestateBytesMax = 512;
// No key is so long.
constexpr size_t kCredentialBytesMax = 1024;

bool IsPrintable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isprint(c); });
}

}  // namespace

bool AddCredentials(const Request& request, grpc::ClientContext& context) {
  size_t bytes = 0;
  for (const Header& header : request.headers) {
    if (!absl::EqualsIgnoreCase(header.name, "authorization")) continue;
    const std::string& value = header.value;
    bytes += value.size();
    const bool printable = std::all_of(value.begin(), value.end(), [](char c) { return absl::ascii_isprint(c); });
    if (bytes > kCredentialBytesMax || !printable) return false;
    context.AddMetadata("authorization", value);
  }
  return true;
}

std::string AddTrace(const Request& request, IdGenerator& ids, grpc::ClientContext& context) {
  context.AddMetadata("x-request-id", request.request_id);
  const auto received = ParseTraceparent(request.Find("traceparent"));
  const TraceContext trace = ContinueTrace(received, ids);
  context.AddMetadata("traceparent", FormatTraceparent(trace));
  // Section 3.3: what the tracing systems on the way add for themselves.
  const std::string state(request.Find("tracestate"));
  if (received.has_value() && !state.empty() && state.size() <= kTracestateBytesMax && IsPrintable(state)) {
    context.AddMetadata("tracestate", state);
  }
  return trace.trace_id;
}

absl::Status ForClient(const absl::Status& status) {
  if (!GetErrorDetail(status).reason.empty()) return status;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return Error(status.code(), "CONTROL_UNAVAILABLE", "The control plane can't be reached; try again.");
    case absl::StatusCode::kDeadlineExceeded:
      return Error(status.code(), "DEADLINE_EXCEEDED",
                   "The control plane didn't answer in time; the request may have taken effect or not.");
    case absl::StatusCode::kUnimplemented:
      return Error(status.code(), "UNIMPLEMENTED", "The control plane doesn't have this method.");
    case absl::StatusCode::kResourceExhausted:
      return Error(status.code(), "RESOURCE_EXHAUSTED", "The control plane takes no more; try again.");
    default:
      return Error(absl::StatusCode::kInternal, "INTERNAL", "Something went wrong inside; the log has the details.");
  }
}

}  // namespace tutti::gateway
