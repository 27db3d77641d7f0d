#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "common/protojson/protojson.h"
#include "common/protojson/testing.pb.h"

// What was read is written, read and written again: both texts are the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tutti::protojson::testing::Everything;
  Everything first;
  std::vector<std::string> present;
  if (!tutti::protojson::Read({reinterpret_cast<const char*>(data), size}, first, &present).ok()) return 0;
  const std::string text = tutti::protojson::Write(first);
  Everything second;
  // Nothing is deeper than it was, but all unset fields are written.
  const absl::Status read = tutti::protojson::Read(text, second, nullptr, {.bytes_max = SIZE_MAX});
  if (!read.ok() || tutti::protojson::Write(second) != text) {
    std::fprintf(stderr, "%s\n%s\n", read.ToString().c_str(), text.c_str());
    std::abort();
  }
  Everything third;
  if (!third.ParseFromString(first.SerializeAsString())) std::abort();
  return 0;
}
