#ifndef GATEWAY_REST_PATH_TEMPLATE_H_
#define GATEWAY_REST_PATH_TEMPLATE_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/rest/url.h"

namespace tutti::gateway {

// Field paths of the request with their values: {"conference.id", "…"}.
using Bindings = std::vector<std::pair<std::string, std::string>>;

// The path of a google.api.http rule: "/v1/conferences/{conference.id}/talk",
// "/v1/things/{id}:undo". A variable is one whole, not empty segment; the wider
// patterns of google.api.http ("{name=a/*}", "**") are refused.
class PathTemplate {
 public:
  // INVALID_ARGUMENT for what is none of these.
  static absl::StatusOr<PathTemplate> Parse(std::string_view text);

  std::optional<Bindings> Match(const UrlPath& path) const;

  // True when some path matches both and neither is the more special one.
  bool Collides(const PathTemplate& other) const;

  // More literal segments are tried first.
  int LiteralCount() const;

  // The field paths of its variables, in order.
  std::vector<std::string> Variables() const;

  // With each variable's last name only: "/v1/conferences/{id}/talk".
  std::string Label() const;

 private:
  struct Segment {
    bool variable;
    std::string text;
  };

  std::vector<Segment> segments_;
  std::string verb_;
};

}  // namespace tutti::gateway

#endif  // GATEWAY_REST_PATH_TEMPLATE_H_
