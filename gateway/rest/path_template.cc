#include "gateway/rest/path_template.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tutti::gateway {
namespace {

bool IsFieldPath(absl::string_view text) {
  for (const absl::string_view name : absl::StrSplit(text, '.')) {
    const bool plain = std::all_of(name.begin(), name.end(),
                                   [](char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_'; });
    if (name.empty() || !plain) return false;
  }
  return true;
}

bool IsLiteral(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) || absl::string_view("-_.~").find(c) != absl::string_view::npos;
  });
}

}  // namespace

absl::StatusOr<PathTemplate> PathTemplate::Parse(std::string_view text) {
  const absl::Status refused =
      absl::InvalidArgumentError(absl::StrCat("no path template: ", absl::string_view(text.data(), text.size())));
  if (text.size() < 2 || text.front() != '/') return refused;
  PathTemplate result;
  absl::string_view rest(text.data() + 1, text.size() - 1);
  const size_t colon = rest.rfind(':');
  if (colon != absl::string_view::npos) {
    result.verb_ = std::string(rest.substr(colon + 1));
    rest = rest.substr(0, colon);
    if (result.verb_.empty() || !IsLiteral(result.verb_)) return refused;
  }
  for (const absl::string_view segment : absl::StrSplit(rest, '/')) {
    if (segment.size() > 2 && segment.front() == '{' && segment.back() == '}') {
      const absl::string_view name = segment.substr(1, segment.size() - 2);
      if (!IsFieldPath(name)) return refused;
      result.segments_.push_back({true, std::string(name)});
    } else {
      if (segment.empty() || !IsLiteral(segment)) return refused;
      result.segments_.push_back({false, std::string(segment)});
    }
  }
  return result;
}

std::optional<Bindings> PathTemplate::Match(const UrlPath& path) const {
  if (path.segments.size() != segments_.size() || path.verb != verb_) return std::nullopt;
  Bindings bindings;
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (!segments_[i].variable) {
      if (segments_[i].text != path.segments[i]) return std::nullopt;
    } else if (path.segments[i].empty()) {
      return std::nullopt;
    } else {
      bindings.emplace_back(segments_[i].text, path.segments[i]);
    }
  }
  return bindings;
}

bool PathTemplate::Collides(const PathTemplate& other) const {
  if (segments_.size() != other.segments_.size() || verb_ != other.verb_) return false;
  if (LiteralCount() != other.LiteralCount()) return false;
  for (size_t i = 0; i < segments_.size(); ++i) {
    const bool both_literal = !segments_[i].variable && !other.segments_[i].variable;
    if (both_literal && segments_[i].text != other.segments_[i].text) return false;
  }
  return true;
}

int PathTemplate::LiteralCount() const {
  return static_cast<int>(
      std::count_if(segments_.begin(), segments_.end(), [](const Segment& segment) { return !segment.variable; }));
}

std::vector<std::string> PathTemplate::Variables() const {
  std::vector<std::string> names;
  for (const Segment& segment : segments_) {
    if (segment.variable) names.push_back(segment.text);
  }
  return names;
}

std::string PathTemplate::Label() const {
  std::string label;
  for (const Segment& segment : segments_) {
    if (segment.variable) {
      // npos + 1 is 0: the whole of a plain name.
      absl::StrAppend(&label, "/{", segment.text.substr(segment.text.rfind('.') + 1), "}");
    } else {
      absl::StrAppend(&label, "/", segment.text);
    }
  }
  if (!verb_.empty()) absl::StrAppend(&label, ":", verb_);
  return label;
}

}  // namespace tutti::gateway
