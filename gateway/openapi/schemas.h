#ifndef GATEWAY_OPENAPI_SCHEMAS_H_
#define GATEWAY_OPENAPI_SCHEMAS_H_

#include <map>
#include <string>

#include "google/protobuf/descriptor.h"
#include "nlohmann/json.hpp"

namespace tutti::gateway {

// JSON Schemas of messages, as protojson reads and writes them.
class Schemas {
 public:
  // {"$ref": …}; the message's schema and those that it needs are added.
  nlohmann::ordered_json Reference(const google::protobuf::Descriptor& message);

  // Of one field; without its comment when it stands in a URL.
  nlohmann::ordered_json Field(const google::protobuf::FieldDescriptor& field);
  nlohmann::ordered_json UrlField(const google::protobuf::FieldDescriptor& field);

  // All that were referred to, by name.
  nlohmann::ordered_json Components() const;

 private:
  nlohmann::ordered_json Single(const google::protobuf::FieldDescriptor& field, bool nullable);
  nlohmann::ordered_json Message(const google::protobuf::Descriptor& message);

  std::map<std::string, nlohmann::ordered_json> schemas_;
};

}  // namespace tutti::gateway

#endif  // GATEWAY_OPENAPI_SCHEMAS_H_
