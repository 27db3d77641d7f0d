#include "control/service/request.h"

#include <algorithm>

#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr char kIdempotencyKey[] = "idempotency-key";
constexpr size_t kIdempotencyKeyBytesMax = 128;

}  // namespace

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
