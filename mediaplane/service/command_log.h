#ifndef MEDIAPLANE_SERVICE_COMMAND_LOG_H_
#define MEDIAPLANE_SERVICE_COMMAND_LOG_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "common/trace/trace_context.h"
#include "grpcpp/server_context.h"

namespace tutti::mediaplane {

// Of the metadata `traceparent`; nothing: the command belongs to no request.
std::optional<TraceContext> ReadTrace(const grpc::CallbackServerContext& context);

// A line for a command that a request led to, where it was refused, or the request is sampled.
// `answer` is the type of what was asked for, `id` the leg's, bridge's, recording's or transcription's.
void LogCommand(const std::optional<TraceContext>& trace, const std::string& answer, const std::string& id,
                const absl::Status& status);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_SERVICE_COMMAND_LOG_H_
