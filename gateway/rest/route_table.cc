#include "gateway/rest/route_table.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/status.h"
#include "google/api/annotations.pb.h"
#include "google/api/httpbody.pb.h"

namespace tutti::gateway {
namespace {

// google.api.HttpBody.
bool IsBytes(const google::protobuf::Descriptor& message) {
  return message.full_name() == google::api::HttpBody::descriptor()->full_name();
}

using google::api::HttpRule;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

absl::Status Refuse(const MethodDescriptor& method, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(method.full_name(), ": ", what));
}

// The HTTP method and path of a rule; empty when it has none that is served.
std::pair<std::string, std::string> Pattern(const HttpRule& rule) {
  switch (rule.pattern_case()) {
    case HttpRule::kGet:
      return {"GET", rule.get()};
    case HttpRule::kPut:
      return {"PUT", rule.put()};
    case HttpRule::kPost:
      return {"POST", rule.post()};
    case HttpRule::kDelete:
      return {"DELETE", rule.delete_()};
    case HttpRule::kPatch:
      return {"PATCH", rule.patch()};
    default:
      return {};
  }
}

// A path's variable must be a string of the request, maybe inside messages.
bool IsStringAt(const Descriptor* type, const std::string& path) {
  const std::vector<std::string> names = absl::StrSplit(path, '.');
  for (size_t i = 0; type != nullptr && i < names.size(); ++i) {
    const FieldDescriptor* field = type->FindFieldByName(names[i]);
    if (field == nullptr || field->is_repeated()) return false;
    if (i + 1 == names.size()) return field->type() == FieldDescriptor::TYPE_STRING;
    type = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE ? field->message_type() : nullptr;
  }
  return false;
}

// A field that is a message and not repeated.
const FieldDescriptor* FindMessageField(const Descriptor& type, const std::string& name) {
  const FieldDescriptor* field = type.FindFieldByName(name);
  if (field == nullptr || field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return nullptr;
  return field;
}

absl::StatusOr<Route> MakeRoute(const MethodDescriptor& method, const HttpRule& rule) {
  const auto [http_method, path] = Pattern(rule);
  if (http_method.empty()) return Refuse(method, "its HTTP rule has a pattern that is not served");
  const bool is_body = IsBytes(*method.output_type());
  if (method.client_streaming() || method.server_streaming() != is_body) {
    return Refuse(method, "streams have no HTTP form but those of google.api.HttpBody");
  }
  auto parsed = PathTemplate::Parse(path);
  if (!parsed.ok()) return Refuse(method, std::string(parsed.status().message()));
  const Descriptor& request = *method.input_type();
  for (const std::string& variable : parsed->Variables()) {
    if (!IsStringAt(&request, variable)) return Refuse(method, absl::StrCat(variable, " is no string field"));
  }
  Route route{.http_method = http_method,
              .path = *std::move(parsed),
              .method = &method,
              .body_field = nullptr,
              .body_is_request = rule.body() == "*",
              .body_is_bytes = false,
              .response_field = nullptr,
              .streams = is_body,
              .label = "",
              .grpc_method = absl::StrCat("/", method.service()->full_name(), "/", method.name()),
              .update_mask = FindMessageField(request, "update_mask"),
              .if_match = request.FindFieldByName("if_match")};
  route.label = route.path.Label();
  if (!rule.body().empty() && !route.body_is_request) {
    route.body_field = FindMessageField(request, rule.body());
    if (route.body_field == nullptr) return Refuse(method, absl::StrCat(rule.body(), " is no message field"));
    route.body_is_bytes = IsBytes(*route.body_field->message_type());
  }
  if (!rule.response_body().empty()) {
    route.response_field = FindMessageField(*method.output_type(), rule.response_body());
    if (route.response_field == nullptr) {
      return Refuse(method, absl::StrCat(rule.response_body(), " is no message field"));
    }
  }
  return route;
}

}  // namespace

absl::Status RouteTable::Add(Route route) {
  for (const auto& other : routes_) {
    if (other->http_method == route.http_method && other->path.Collides(route.path)) {
      return Refuse(*route.method, absl::StrCat("has the same path as ", other->method->full_name()));
    }
  }
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  return absl::OkStatus();
}

absl::StatusOr<RouteTable> RouteTable::Build(const std::vector<const ServiceDescriptor*>& services) {
  RouteTable table;
  for (const ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor& method = *service->method(i);
      if (!method.options().HasExtension(google::api::http)) continue;
      const HttpRule& rule = method.options().GetExtension(google::api::http);
      TUTTI_ASSIGN_OR_RETURN(Route route, MakeRoute(method, rule));
      TUTTI_RETURN_IF_ERROR(table.Add(std::move(route)));
      for (const HttpRule& additional : rule.additional_bindings()) {
        TUTTI_ASSIGN_OR_RETURN(Route more, MakeRoute(method, additional));
        TUTTI_RETURN_IF_ERROR(table.Add(std::move(more)));
      }
    }
  }
  return table;
}

RouteTable::Match RouteTable::Find(std::string_view http_method, const UrlPath& path) const {
  Match match;
  for (const auto& route : routes_) {
    auto bindings = route->path.Match(path);
    if (!bindings) continue;
    match.allowed.insert(route->http_method);
    if (route->http_method != http_method) continue;
    if (match.route != nullptr && match.route->path.LiteralCount() >= route->path.LiteralCount()) continue;
    match.route = route.get();
    match.bindings = *std::move(bindings);
  }
  return match;
}

}  // namespace tutti::gateway
