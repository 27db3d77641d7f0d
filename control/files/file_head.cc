#include "control/files/file_head.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/http_body.h"
#include "control/files/byte_range.h"

namespace tutti::control {
namespace {

// RFC 9110 section 5.6.7.
std::string HttpDate(absl::Time time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", time, absl::UTCTimeZone());
}

// Is the tag in a list of If-None-Match? Compared weakly (section 13.1.2). Tags have
// no commas of ours, and those of others don't match.
bool IsListed(std::string_view list, std::string_view etag) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    absl::string_view tag(list.data(), std::min(comma, list.size()));
    tag = absl::StripAsciiWhitespace(tag);
    if (tag.substr(0, 2) == "W/") tag.remove_prefix(2);
    if (tag == "*" || std::string_view(tag.data(), tag.size()) == etag) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

// Of a quoted string (RFC 6266): names are ours, but may be of an older version.
std::string SafeName(std::string name) {
  for (char& c : name) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c)) || c == '"' || c == '\\') c = '_';
  }
  return name;
}

}  // namespace

FileHead MakeFileHead(const v1::RecordingFile& file, absl::Time modified, const FileConditions& conditions) {
  FileHead head;
  const std::string etag = absl::StrCat("\"", file.id(), "-", absl::Hex(file.size()), "\"");
  const std::string date = HttpDate(modified);
  const auto add = [&](const char* name, std::string value) { head.metadata.emplace_back(name, std::move(value)); };
  add(http_body::kEtag, etag);
  // A browser may keep it, and asks by its ETag whether it is still there.
  add(http_body::kCacheControl, "private, no-cache");
  if (IsListed(conditions.if_none_match, etag)) {
    head.status = 304;
    add(http_body::kStatus, "304");
    return head;
  }

  const bool ranges =
      !conditions.head && (conditions.if_range.empty() || conditions.if_range == etag || conditions.if_range == date);
  const ByteRange range = ChooseRange(ranges ? conditions.range : "", file.size());
  add(http_body::kAcceptRanges, "bytes");
  if (range.kind == ByteRange::Kind::kNotSatisfiable) {
    head.status = 416;
    add(http_body::kStatus, "416");
    add(http_body::kContentRange, absl::StrCat("bytes */", file.size()));
    return head;
  }
  head.offset = range.offset;
  head.length = range.length;
  if (range.kind == ByteRange::Kind::kPart) {
    head.status = 206;
    add(http_body::kStatus, "206");
    add(http_body::kContentRange,
        absl::StrCat("bytes ", range.offset, "-", range.offset + range.length - 1, "/", file.size()));
  }
  add(http_body::kContentLength, absl::StrCat(range.length));
  add(http_body::kLastModified, date);
  add(http_body::kContentDisposition, absl::StrCat("attachment; filename=\"", SafeName(file.name()), "\""));
  return head;
}

}  // namespace tutti::control
