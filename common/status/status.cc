#include "common/status/status.h"

#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "google/rpc/error_details.pb.h"

namespace tutti {
namespace {

constexpr char kDomain[] = "tutti";

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

std::optional<google::rpc::ErrorInfo> GetErrorInfo(const absl::Status& status) {
  const auto payload = status.GetPayload(kErrorInfoUrl);
  google::rpc::ErrorInfo info;
  if (!payload || !info.ParseFromString(std::string(*payload))) return std::nullopt;
  return info;
}

}  // namespace

absl::Status Error(absl::StatusCode code, std::string_view reason, std::string_view message,
                   const std::map<std::string, std::string>& details) {
  absl::Status status(code, View(message));
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(kDomain);
  info.mutable_metadata()->insert(details.begin(), details.end());
  status.SetPayload(kErrorInfoUrl, absl::Cord(info.SerializeAsString()));
  return status;
}

ErrorDetail GetErrorDetail(const absl::Status& status) {
  const auto info = GetErrorInfo(status);
  if (!info) return {};
  return {info->reason(), {info->metadata().begin(), info->metadata().end()}};
}

}  // namespace tutti
