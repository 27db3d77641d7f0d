#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "control/http_client/url.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const tutti::control::AddressGuard guard;
  const auto url = tutti::control::ParseUrl(std::string(reinterpret_cast<const char*>(data), size), guard);
  if (!url.ok()) return 0;
  // What it takes begins so, and is no address that is private.
  const std::string& origin = url->origin;
  if (origin.rfind("http://", 0) != 0 && origin.rfind("https://", 0) != 0) std::abort();
  const size_t host = origin.find("://") + 3;
  if (origin.compare(host, 4, "127.") == 0 && origin.find_first_not_of("0123456789.:", host) == std::string::npos) {
    std::abort();
  }
  return 0;
}
