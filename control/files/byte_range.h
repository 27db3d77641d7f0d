#ifndef CONTROL_FILES_BYTE_RANGE_H_
#define CONTROL_FILES_BYTE_RANGE_H_

#include <cstdint>
#include <string_view>

namespace tutti::control {

// Which bytes of a file are answered.
struct ByteRange {
  enum class Kind {
    // All of them: none were asked for, or in a way that may be ignored.
    kAll,
    kPart,
    // None of those asked for is there: 416.
    kNotSatisfiable,
  };

  Kind kind = Kind::kAll;
  int64_t offset = 0;
  int64_t length = 0;
};

// What a Range header (RFC 9110 section 14.2) comes to for a file of so many bytes.
// One range is served; several, another unit than bytes and what is no range at all
// are ignored, as the RFC allows.
ByteRange ChooseRange(std::string_view header, int64_t size);

}  // namespace tutti::control

#endif  // CONTROL_FILES_BYTE_RANGE_H_
