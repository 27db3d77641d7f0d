#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/media_stream/stream_request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tutti::gateway::media_stream;
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  const auto conference = FindConference(target.substr(0, target.find('?')));
  if (!conference.has_value()) return 0;
  const auto request = ParseStreamRequest(*conference, target);
  if (request.ok() && request->rate() != 8000 && request->rate() != 16'000) __builtin_trap();
  return 0;
}
