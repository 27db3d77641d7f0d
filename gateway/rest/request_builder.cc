#include "gateway/rest/request_builder.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/protojson/protojson.h"
#include "common/status/status.h"
#include "google/api/httpbody.pb.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/field_mask.pb.h"

namespace tutti::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

absl::Status ParameterError(const std::string& path, const std::string& what) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", what, {{"field", path}});
}

// The field at a path, whose messages are made when they are not there.
std::pair<Message*, const FieldDescriptor*> Descend(Message& request, const std::string& path) {
  Message* message = &request;
  const std::vector<std::string> names = absl::StrSplit(path, '.');
  for (size_t i = 0; i + 1 < names.size(); ++i) {
    const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(names[i]);
    message = message->GetReflection()->MutableMessage(message, field);
  }
  return {message, message->GetDescriptor()->FindFieldByName(names.back())};
}

absl::Status RefuseMediaType(std::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, "UNSUPPORTED_MEDIA_TYPE", what);
}

absl::Status CheckBytesType(const std::string& type) {
  for (const char* simple : {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain", ""}) {
    if (absl::EqualsIgnoreCase(type, simple)) {
      return RefuseMediaType("The body must be sent with its own Content-Type, as audio/wav.");
    }
  }
  return absl::OkStatus();
}

// Reads the body; `present` gets the paths that it names, within the body.
absl::Status ReadBody(const Route& route, const Request& http_request, Message& request,
                      std::vector<std::string>& present) {
  const std::string& body = http_request.body;
  // The HTTP server has limited its size.
  const protojson::Limits limits{.bytes_max = body.size()};
  if (route.body_is_request) return protojson::Read(body, request, &present, limits);
  if (route.body_field != nullptr) {
    Message* target = request.GetReflection()->MutableMessage(&request, route.body_field);
    if (route.body_is_bytes) {
      auto& bytes = static_cast<google::api::HttpBody&>(*target);
      bytes.set_content_type(std::string(http_request.Find("content-type")));
      bytes.set_data(body);
      return absl::OkStatus();
    }
    return protojson::Read(body, *target, &present, limits);
  }
  if (body.empty()) return absl::OkStatus();
  google::protobuf::Empty nothing;
  return protojson::Read(body, nothing);
}

absl::Status BindPath(const Bindings& bindings, Message& request) {
  for (const auto& [path, text] : bindings) {
    const auto [message, field] = Descend(request, path);
    const std::string given = message->GetReflection()->GetString(*message, field);
    if (!given.empty() && given != text) {
      return ParameterError(field->name(), absl::StrCat("Field ", field->name(), " is not the one of the path."));
    }
    message->GetReflection()->SetString(message, field, text);
  }
  return absl::OkStatus();
}

// May a query parameter set the field at `path`?
bool IsQueryField(const Route& route, const Bindings& bindings, const std::string& path) {
  if (route.body_is_request) return false;
  const std::string first = path.substr(0, path.find('.'));
  const FieldDescriptor* field = route.method->input_type()->FindFieldByName(first);
  if (field == nullptr || field == route.body_field || field == route.update_mask || field == route.if_match) {
    return false;
  }
  return std::none_of(bindings.begin(), bindings.end(), [&](const auto& binding) { return binding.first == path; });
}

bool IsRepeated(Message& request, const std::string& path) {
  const FieldDescriptor* field = Descend(request, path).second;
  return field != nullptr && field->is_repeated();
}

absl::Status BindQuery(const Route& route, const Bindings& bindings, std::string_view query, Message& request) {
  TUTTI_ASSIGN_OR_RETURN(const QueryParameters parameters, ParseQuery(query));
  std::set<std::string> seen;
  for (const auto& [name, text] : parameters) {
    if (!IsQueryField(route, bindings, name)) {
      return ParameterError(name, absl::StrCat("The query parameter ", name, " is not known."));
    }
    // A list's 0 means its default in gRPC only, where it can't be told from none.
    if (name == "page_size" && text == "0") return ParameterError(name, "The query parameter page_size is at least 1.");
    TUTTI_RETURN_IF_ERROR(protojson::SetFromText(request, name, text));
    if (!seen.insert(name).second && !IsRepeated(request, name)) {
      return ParameterError(name, absl::StrCat("The query parameter ", name, " is given twice."));
    }
  }
  return absl::OkStatus();
}

// RFC 9110 section 13.1.1. "*" asks for any version of what exists.
absl::Status BindIfMatch(const Route& route, std::string_view header, Message& request) {
  const std::string value(absl::StripAsciiWhitespace(View(header)));
  if (value.empty()) return absl::OkStatus();
  if (route.if_match == nullptr) return ParameterError("If-Match", "This method takes no If-Match.");
  if (value == "*") return absl::OkStatus();
  if (value.size() < 3 || value.front() != '"' || value.find('"', 1) != value.size() - 1) {
    return ParameterError("If-Match", "If-Match must be one strong entity tag in quotes.");
  }
  request.GetReflection()->SetString(&request, route.if_match, value.substr(1, value.size() - 2));
  return absl::OkStatus();
}

void FillMask(const Route& route, const Bindings& bindings, const std::vector<std::string>& present, Message& request) {
  FieldMask mask;
  const std::string prefix = route.body_field == nullptr ? "" : absl::StrCat(route.body_field->name(), ".");
  for (const std::string& path : present) {
    const bool in_path = std::any_of(bindings.begin(), bindings.end(),
                                     [&](const auto& binding) { return binding.first == prefix + path; });
    if (!in_path) mask.add_paths(path);
  }
  request.GetReflection()->MutableMessage(&request, route.update_mask)->CopyFrom(mask);
}

}  // namespace

absl::Status CheckMediaType(const Route& route, const Request& request) {
  if (request.body.empty()) return absl::OkStatus();
  const std::string_view encoding = request.Find("content-encoding");
  if (!encoding.empty() && !absl::EqualsIgnoreCase(View(encoding), "identity")) {
    return RefuseMediaType("The body must not be encoded.");
  }
  const std::vector<std::string> parts = absl::StrSplit(std::string(request.Find("content-type")), ';');
  const std::string type(absl::StripAsciiWhitespace(parts[0]));
  if (route.body_is_bytes) return CheckBytesType(type);
  bool json = absl::EqualsIgnoreCase(type, "application/json");
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::string parameter = absl::AsciiStrToLower(absl::StripAsciiWhitespace(parts[i]));
    if (parameter != "charset=utf-8" && parameter != "charset=\"utf-8\"" && !parameter.empty()) json = false;
  }
  return json ? absl::OkStatus() : RefuseMediaType("The body must be sent with Content-Type: application/json.");
}

absl::StatusOr<std::unique_ptr<Message>> BuildRequest(const Route& route, const Bindings& bindings,
                                                      const Request& request) {
  std::unique_ptr<Message> message(
      MessageFactory::generated_factory()->GetPrototype(route.method->input_type())->New());
  std::vector<std::string> present;
  TUTTI_RETURN_IF_ERROR(ReadBody(route, request, *message, present));
  TUTTI_RETURN_IF_ERROR(BindPath(bindings, *message));
  const size_t mark = request.target.find('?');
  if (mark != std::string::npos) {
    TUTTI_RETURN_IF_ERROR(BindQuery(route, bindings, std::string_view(request.target).substr(mark + 1), *message));
  }
  TUTTI_RETURN_IF_ERROR(BindIfMatch(route, request.Find("if-match"), *message));
  if (request.method == "PATCH" && route.update_mask != nullptr) FillMask(route, bindings, present, *message);
  return message;
}

}  // namespace tutti::gateway
