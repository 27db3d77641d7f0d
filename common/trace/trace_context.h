#ifndef COMMON_TRACE_TRACE_CONTEXT_H_
#define COMMON_TRACE_TRACE_CONTEXT_H_

#include <optional>
#include <string>
#include <string_view>

#include "common/id/id.h"

namespace tutti {

// Which trace a request belongs to, as W3C Trace Context (Recommendation of 23
// November 2021, section 3.2) carries it from process to process in the header, or
// gRPC metadata, `traceparent`.
struct TraceContext {
  // 32 hexadecimal digits in lower case, not all 0.
  std::string trace_id;
  // 16 of them: the request itself, as its sender names it.
  std::string parent_id;
  bool sampled = false;
};

// Nothing where the text is not one; a version after 00 is read as far as 00 goes.
std::optional<TraceContext> ParseTraceparent(std::string_view text);

// In version 00.
std::string FormatTraceparent(const TraceContext& context);

// For what is done on behalf of `received`: a request of its own in the same trace,
// or in a new one.
TraceContext ContinueTrace(const std::optional<TraceContext>& received, IdGenerator& ids);

}  // namespace tutti

#endif  // COMMON_TRACE_TRACE_CONTEXT_H_
