#include "gateway/openapi/openapi.h"

#include <map>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/protojson/names.h"
#include "gateway/openapi/comments.h"
#include "gateway/openapi/schemas.h"

namespace tutti::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::ServiceDescriptor;
using Json = nlohmann::ordered_json;

constexpr char kAbout[] =
    "Conference rooms as a service. Every method is a gRPC method of tutti.control.v1, too. JSON is in snake_case; "
    "unknown fields and duplicate keys are refused; times are RFC 3339 in UTC; what is not set is null. "
    "Events come by WebSocket at /v1/ws, a room's sound at /v1/conferences/{id}/media_stream.";

constexpr char kErrorSchema[] = R"({
  "type": "object",
  "description": "What every answer that is not 2xx holds.",
  "properties": {
    "error": {
      "type": "object",
      "properties": {
        "status": {"type": "string", "description": "The gRPC status: NOT_FOUND, INVALID_ARGUMENT …"},
        "reason": {"type": "string", "description": "A constant for programs: CONFERENCE_NOT_FOUND …"},
        "message": {"type": "string", "description": "A sentence for people."},
        "request_id": {"type": "string", "description": "That of X-Request-Id."},
        "details": {"type": "object", "additionalProperties": {"type": "string"}}
      },
      "required": ["status", "reason", "message", "request_id", "details"]
    }
  },
  "required": ["error"]
})";

Json JsonContent(Json schema) {
  Json content;
  content["application/json"]["schema"] = std::move(schema);
  return content;
}

std::string TagOf(const ServiceDescriptor& service) {
  return std::string(absl::StripSuffix(service.name(), "Service"));
}

Json Parameter(const char* in, const std::string& name, const std::string& description, Json schema) {
  Json parameter;
  parameter["name"] = name;
  parameter["in"] = in;
  if (std::string(in) == "path") parameter["required"] = true;
  if (!description.empty()) parameter["description"] = description;
  parameter["schema"] = std::move(schema);
  return parameter;
}

Json StringSchema() { return Json{{"type", "string"}}; }

const FieldDescriptor* Find(const Descriptor* type, const std::string& path) {
  const FieldDescriptor* field = nullptr;
  for (const std::string& name : std::vector<std::string>(absl::StrSplit(path, '.'))) {
    field = type->FindFieldByName(name);
    type = field->message_type();
  }
  return field;
}

Json Parameters(const Route& route, Schemas& schemas) {
  Json parameters = Json::array();
  const Descriptor& request = *route.method->input_type();
  std::set<std::string> in_path;
  for (const std::string& variable : route.path.Variables()) {
    in_path.insert(variable);
    const FieldDescriptor* field = Find(&request, variable);
    parameters.push_back(Parameter("path", field->name(), CommentOf(*field), StringSchema()));
  }
  for (int i = 0; i < request.field_count() && !route.body_is_request; ++i) {
    const FieldDescriptor& field = *request.field(i);
    if (&field == route.body_field || &field == route.update_mask || &field == route.if_match) continue;
    // A message stands in the query by its fields, if at all.
    if (in_path.contains(field.name()) || field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) continue;
    parameters.push_back(Parameter("query", field.name(), CommentOf(field), schemas.UrlField(field)));
  }
  if (route.if_match != nullptr) {
    parameters.push_back(Parameter("header", "If-Match", CommentOf(*route.if_match), StringSchema()));
  }
  if (route.streams) {
    parameters.push_back(Parameter("header", "Range", "One range of bytes, where the answer says Accept-Ranges: bytes.",
                                   StringSchema()));
    parameters.push_back(
        Parameter("header", "If-Range", "The ETag of which the range is; of another one all comes.", StringSchema()));
    parameters.push_back(Parameter("header", "If-None-Match", "ETags of what is there already.", StringSchema()));
  }
  if (route.http_method == "POST" && route.body_field != nullptr) {
    parameters.push_back(Parameter("header", "Idempotency-Key",
                                   "The same key with the same body gives the first answer; 1–128 printable "
                                   "characters, kept 24 h.",
                                   StringSchema()));
  }
  return parameters;
}

void AddResponse(const Route& route, Schemas& schemas, Json& responses) {
  const Descriptor* answer =
      route.response_field == nullptr ? route.method->output_type() : route.response_field->message_type();
  Json& ok = responses["200"];
  ok["description"] = "Done.";
  if (answer->FindFieldByName("etag") != nullptr) ok["headers"]["ETag"]["schema"] = StringSchema();
  ok["content"] = JsonContent(schemas.Reference(*answer));
}

// Of a file: common/rpc/http_body.h.
void AddBodyResponses(Json& responses) {
  for (const auto& [status, description] :
       {std::pair("200", "All bytes."), std::pair("206", "The range that was asked for.")}) {
    Json& response = responses[status];
    response["description"] = description;
    response["headers"]["ETag"]["schema"] = StringSchema();
    response["headers"]["Accept-Ranges"]["schema"] = StringSchema();
    response["headers"]["Content-Disposition"]["schema"] = StringSchema();
    response["content"]["*/*"]["schema"] = Json{{"type", "string"}, {"format", "binary"}};
  }
  responses["206"]["headers"]["Content-Range"]["schema"] = StringSchema();
  responses["304"]["description"] = "Those of If-None-Match still hold.";
  Json& outside = responses["416"];
  outside["description"] = "The range is outside of the file; Content-Range says its size.";
  outside["headers"]["Content-Range"]["schema"] = StringSchema();
  outside["content"] = JsonContent(Json{{"$ref", "#/components/schemas/Error"}});
}

Json Operation(const Route& route, const std::string& id, Schemas& schemas) {
  const std::string comment = CommentOf(*route.method);
  Json operation;
  operation["operationId"] = id;
  operation["tags"] = Json::array({TagOf(*route.method->service())});
  operation["summary"] = comment.empty() ? route.method->name() : FirstSentence(comment);
  if (!comment.empty()) operation["description"] = comment;
  Json parameters = Parameters(route, schemas);
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  if (route.body_field != nullptr || route.body_is_request) {
    const Descriptor* body = route.body_is_request ? route.method->input_type() : route.body_field->message_type();
    operation["requestBody"]["required"] = true;
    Json& content = operation["requestBody"]["content"];
    if (route.body_is_bytes) {
      content["*/*"]["schema"] = Json{{"type", "string"}, {"format", "binary"}};
    } else {
      content = JsonContent(schemas.Reference(*body));
    }
  }
  if (route.streams) {
    AddBodyResponses(operation["responses"]);
  } else {
    AddResponse(route, schemas, operation["responses"]);
  }
  operation["responses"]["4XX"]["$ref"] = "#/components/responses/Error";
  operation["responses"]["5XX"]["$ref"] = "#/components/responses/Error";
  return operation;
}

}  // namespace

std::string MakeOpenApi(const RouteTable& routes) {
  Schemas schemas;
  Json paths = Json::object();
  Json tags = Json::array();
  std::set<std::string> tagged;
  std::map<std::string, std::set<const ServiceDescriptor*>> named;
  for (const auto& route : routes.routes()) named[route->method->name()].insert(route->method->service());
  for (const auto& route : routes.routes()) {
    const ServiceDescriptor& service = *route->method->service();
    const std::string& name = route->method->name();
    const std::string id = named[name].size() == 1 ? name : absl::StrCat(TagOf(service), "_", name);
    paths[route->label][absl::AsciiStrToLower(route->http_method)] = Operation(*route, id, schemas);
    if (tagged.insert(TagOf(service)).second) {
      tags.push_back(Json{{"name", TagOf(service)}, {"description", CommentOf(service)}});
    }
  }
  Json document;
  document["openapi"] = "3.1.0";
  document["info"] = Json{{"title", "Tutti"}, {"version", "v1"}, {"description", kAbout}};
  // Or none, where no keys are configured.
  document["security"] = Json::parse(R"([{"bearer": []}, {}])");
  document["servers"] = Json::array({Json{{"url", "/"}}});
  document["tags"] = std::move(tags);
  document["paths"] = std::move(paths);
  document["components"]["schemas"] = schemas.Components();
  document["components"]["schemas"]["Error"] = Json::parse(kErrorSchema);
  document["components"]["securitySchemes"]["bearer"] =
      Json{{"type", "http"},
           {"scheme", "bearer"},
           {"description", "A static key of a customer. Needed where the configuration has keys: then 401 without."}};
  Json& error = document["components"]["responses"]["Error"];
  error["description"] = "Refused or failed; the reason says why.";
  error["content"] = JsonContent(Json{{"$ref", "#/components/schemas/Error"}});
  return document.dump(1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tutti::gateway
