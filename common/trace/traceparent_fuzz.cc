#include <cstdint>
#include <string_view>

#include "common/trace/trace_context.h"

// A header of any client's: what is read is written as it was, but for the flags
// that nobody knows yet.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto context = tutti::ParseTraceparent(text);
  if (!context.has_value()) return 0;
  const auto again = tutti::ParseTraceparent(tutti::FormatTraceparent(*context));
  if (!again.has_value() || again->trace_id != context->trace_id || again->parent_id != context->parent_id ||
      again->sampled != context->sampled) {
    __builtin_trap();
  }
  return 0;
}
