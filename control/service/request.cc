#include "control/service/request.h"

#include <algorithm>

#include "common/log/log.h"
#include "common/status/status.h"
#include "common/trace/trace_context.h"

namespace tutti::control {
namespace {

constexpr char kIdempotencyKey[] = "idempotency-key";
constexpr size_t kIdempotencyKeyBytesMax = 128;
constexpr size_t kRequestIdBytesMax = 128;

}  // namespace

RequestIds ReadRequestIds(const grpc::CallbackServerContext& context) {
  RequestIds ids;
  const auto& metadata = context.client_metadata();
  if (const auto found = metadata.find("x-request-id"); found != metadata.end()) {
    ids.request_id.assign(found->second.data(), std::min(found->second.size(), kRequestIdBytesMax));
  }
  if (const auto found = metadata.find("traceparent"); found != metadata.end()) {
    const auto trace = ParseTraceparent({found->second.data(), found->second.size()});
    if (trace.has_value()) {
      ids.trace_id = trace->trace_id;
      ids.traceparent = FormatTraceparent(*trace);
    }
  }
  return ids;
}

void LogFailure(const RequestIds& ids, const std::string& answer, const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnavailable:
      return log::Warning("request failed", {{"request_id", ids.request_id},
                                             {"trace_id", ids.trace_id},
                                             {"answer", answer},
                                             {"error", status.ToString()}});
    default:
      return;
  }
}

absl::StatusOr<std::string> GetIdempotencyKey(const grpc::CallbackServerContext& context) {
  const auto [begin, end] = context.client_metadata().equal_range(kIdempotencyKey);
  if (begin == end) return std::string();
  const std::string key(begin->second.data(), begin->second.size());
  const bool is_printable = std::all_of(key.begin(), key.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (std::next(begin) != end || key.empty() || key.size() > kIdempotencyKeyBytesMax || !is_printable) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER",
                 "idempotency-key must be 1-128 printable characters, once");
  }
  return key;
}

}  // namespace tutti::control
