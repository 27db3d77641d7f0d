// Any text as a client's frame: read, or refused with an error that can be sent.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/ws/frames.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tutti::gateway::ws;
  const auto frame = ReadClientFrame({reinterpret_cast<const char*>(data), size});
  if (!frame.ok()) {
    if (ErrorFrame(frame.status(), "", "id").empty()) std::abort();
    return 0;
  }
  if (frame->topics_size() > kTopicsOfFrameMax || frame->event_types_size() > kTypesMax) std::abort();
  for (const Topic& topic : frame->topics()) {
    if (frame->type() != "ping" && topic.topic().size() > 64) std::abort();
  }
  return 0;
}
