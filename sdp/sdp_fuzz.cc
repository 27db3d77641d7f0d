#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "google/protobuf/util/message_differencer.h"
#include "sdp/sdp.h"

// Any text gives an error or a description; what was read is written and read
// again without a change.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto first = tutti::sdp::Parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!first.ok()) return 0;
  const std::string text = tutti::sdp::Write(*first, {});
  // The written form has lines that the text may have had once for all
  // sections, so it can be longer than Parse takes.
  if (text.size() > tutti::sdp::kTextBytesMax) return 0;
  const auto second = tutti::sdp::Parse(text);
  if (!second.ok() || !google::protobuf::util::MessageDifferencer::Equals(*first, *second)) std::abort();
  const auto answer = tutti::sdp::Parse(tutti::sdp::WriteAnswer(*first, {}, {}));
  if (!answer.ok() || answer->sections_size() != first->sections_size()) std::abort();
  return 0;
}
