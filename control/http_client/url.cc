#include "control/http_client/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr size_t kUrlBytesMax = 2'048;

absl::Status NotAllowed(const std::string& what) {
  return Error(absl::StatusCode::kInvalidArgument, "URL_NOT_ALLOWED", what);
}

// Empty: the URL has no such part.
std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string copy(text);
  curl_free(text);
  return copy;
}

// A name with an empty label; or one whose last label is a number is an address that somebody may read in his
// own way (127.1, 0x7f.1); what libcurl can read it has written plainly by now.
bool IsBrokenHost(const std::string& host) {
  if (host.front() == '.' || absl::StrContains(host, "..")) return true;
  const std::string name = host.substr(0, host.size() - (host.back() == '.' ? 1 : 0));
  const std::string last = name.substr(name.rfind('.') + 1);
  const bool is_hex = last.size() >= 2 && last[0] == '0' && last[1] == 'x';
  const auto is_digit = [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); };
  if (!is_hex && (last.empty() || !std::all_of(last.begin(), last.end(), is_digit))) return false;
  in_addr ip;
  return inet_pton(AF_INET, host.c_str(), &ip) != 1;
}

bool HasPart(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  const bool found = curl_url_get(url, part, &text, 0) == CURLUE_OK;
  curl_free(text);
  return found;
}

}  // namespace

absl::StatusOr<Url> ParseUrl(const std::string& text, const AddressGuard& guard) {
  if (text.size() > kUrlBytesMax) return NotAllowed(absl::StrCat("has more than ", kUrlBytesMax, " bytes"));
  const auto is_graph = [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); };
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_graph)) {
    return NotAllowed("must be a URL of printable ASCII characters without spaces");
  }
  Url url{std::unique_ptr<CURLU, CurlUrlDeleter>(curl_url()), ""};
  CURLU* handle = url.handle.get();
  if (handle == nullptr) return absl::ResourceExhaustedError("no memory for a URL");
  if (curl_url_set(handle, CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return NotAllowed("is no URL that can be read");
  }
  const std::string scheme = absl::AsciiStrToLower(Part(handle, CURLUPART_SCHEME));
  // libcurl forgives other numbers of slashes.
  const bool has_slashes = text.compare(scheme.size(), 3, "://") == 0 && text[scheme.size() + 3] != '/';
  if ((scheme != "http" && scheme != "https") || !has_slashes) {
    return NotAllowed("must begin with http:// or https://");
  }
  if (HasPart(handle, CURLUPART_USER) || HasPart(handle, CURLUPART_PASSWORD)) {
    return NotAllowed("must not hold a user or a password");
  }
  if (HasPart(handle, CURLUPART_FRAGMENT)) return NotAllowed("must not have a fragment (#)");
  std::string host = absl::AsciiStrToLower(Part(handle, CURLUPART_HOST));
  if (host.empty()) return NotAllowed("has no host");
  const std::string port = Part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (port == "0") return NotAllowed("has port 0");
  url.origin = absl::StrCat(scheme, "://", host, ":", port);
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (IsBrokenHost(host)) {
    return NotAllowed("has a host that is neither a name nor an address");
  }
  if (!guard.IsAllowedHost(host)) return NotAllowed("names a private address, which the configuration does not allow");
  return url;
}

}  // namespace tutti::control
