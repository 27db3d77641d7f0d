#include "gateway/http/http.h"

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace tutti::gateway {

std::string_view Request::Find(std::string_view name) const {
  for (const Header& header : headers) {
    if (absl::EqualsIgnoreCase(header.name, absl::string_view(name.data(), name.size()))) return header.value;
  }
  return {};
}

std::string_view Request::Path() const { return std::string_view(target).substr(0, target.find('?')); }

}  // namespace tutti::gateway
