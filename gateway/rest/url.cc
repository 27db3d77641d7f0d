#include "gateway/rest/url.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/status/status.h"
#include "common/text/utf8.h"

namespace tutti::gateway {
namespace {

constexpr size_t kSegmentsMax = 32;
constexpr size_t kParametersMax = 64;

absl::Status UrlError(std::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", what);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = absl::ascii_tolower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> Decode(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high << 4 | low);
      i += 2;
    }
    if (absl::ascii_iscntrl(c)) return std::nullopt;
    decoded += c;
  }
  if (!IsUtf8(decoded)) return std::nullopt;
  return decoded;
}

}  // namespace

absl::StatusOr<UrlPath> ParsePath(std::string_view path) {
  UrlPath result;
  if (path.empty() || path.front() != '/') return UrlError("The path doesn't begin with a slash.");
  const std::vector<absl::string_view> raw = absl::StrSplit(absl::string_view(path.data() + 1, path.size() - 1), '/');
  if (raw.size() > kSegmentsMax) return UrlError("The path has too many segments.");
  for (size_t i = 0; i < raw.size(); ++i) {
    absl::string_view segment = raw[i];
    const size_t colon = segment.rfind(':');
    if (i + 1 == raw.size() && colon != absl::string_view::npos) {
      result.verb = std::string(segment.substr(colon + 1));
      segment = segment.substr(0, colon);
    }
    auto decoded = Decode(segment);
    if (!decoded) return UrlError("The path is not percent-encoded UTF-8.");
    result.segments.push_back(*std::move(decoded));
  }
  return result;
}

absl::StatusOr<QueryParameters> ParseQuery(std::string_view query) {
  QueryParameters result;
  if (query.empty()) return result;
  const std::vector<absl::string_view> raw = absl::StrSplit(absl::string_view(query.data(), query.size()), '&');
  if (raw.size() > kParametersMax) return UrlError("The query has too many parameters.");
  for (const absl::string_view parameter : raw) {
    if (parameter.empty()) continue;
    const std::pair<absl::string_view, absl::string_view> pair = absl::StrSplit(parameter, absl::MaxSplits('=', 1));
    auto name = Decode(absl::StrReplaceAll(pair.first, {{"+", " "}}));
    auto value = Decode(absl::StrReplaceAll(pair.second, {{"+", " "}}));
    if (!name || !value) return UrlError("The query is not percent-encoded UTF-8.");
    result.emplace_back(*std::move(name), *std::move(value));
  }
  return result;
}

}  // namespace tutti::gateway
