// Any bytes as a recording's state: refused, or read, written and read again the same.

#include <cstdlib>
#include <string_view>

#include "mediaplane/recording/folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tutti::mediaplane;
  const auto state = ParseFolderState(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!state.ok()) return 0;
  const std::string text = RenderFolderState(*state);
  const auto again = ParseFolderState(text);
  if (!again.ok() || RenderFolderState(*again) != text) std::abort();
  return 0;
}
