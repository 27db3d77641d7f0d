#include "mediaplane/service/command_log.h"

#include "common/log/log.h"

namespace tutti::mediaplane {
namespace {

// No id is so long.
constexpr size_t kIdBytesMax = 64;

}  // namespace

std::optional<TraceContext> ReadTrace(const grpc::CallbackServerContext& context) {
  const auto found = context.client_metadata().find("traceparent");
  if (found == context.client_metadata().end()) return std::nullopt;
  return ParseTraceparent({found->second.data(), found->second.size()});
}

void LogCommand(const std::optional<TraceContext>& trace, const std::string& answer, const std::string& id,
                const absl::Status& status) {
  if (!trace.has_value()) return;
  const std::string short_id = id.substr(0, kIdBytesMax);
  if (!status.ok()) {
    log::Info("command refused",
              {{"trace_id", trace->trace_id}, {"answer", answer}, {"id", short_id}, {"error", status.ToString()}});
  } else if (trace->sampled) {
    log::Info("command accepted", {{"trace_id", trace->trace_id}, {"answer", answer}, {"id", short_id}});
  }
}

}  // namespace tutti::mediaplane
