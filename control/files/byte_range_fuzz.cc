#include <cstddef>
#include <cstdint>
#include <string_view>

#include "control/files/byte_range.h"

// Whatever a header says, a part is inside of the file and not empty.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tutti::control::ByteRange;
  const std::string_view header(reinterpret_cast<const char*>(data), size);
  for (const int64_t bytes : {int64_t{0}, int64_t{1}, int64_t{1000}, INT64_MAX}) {
    const ByteRange range = tutti::control::ChooseRange(header, bytes);
    if (range.kind == ByteRange::Kind::kAll && (range.offset != 0 || range.length != bytes)) __builtin_trap();
    if (range.kind != ByteRange::Kind::kPart) continue;
    if (range.offset < 0 || range.length < 1 || range.length > bytes - range.offset) __builtin_trap();
  }
  return 0;
}
