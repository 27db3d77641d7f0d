#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "control/service/authenticator.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto key = tutti::control::ParseBearer(text);
  if (!key.has_value()) return 0;
  // What is taken is the text's end, and is taken again as it is.
  const bool is_end = key->size() <= text.size() && key->data() + key->size() == text.data() + text.size();
  if (key->empty() || !is_end) std::abort();
  if (tutti::control::ParseBearer(std::string("Bearer ").append(*key)) != key) std::abort();
  return 0;
}
