#ifndef GATEWAY_REST_ROUTE_TABLE_H_
#define GATEWAY_REST_ROUTE_TABLE_H_

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/rest/path_template.h"
#include "google/protobuf/descriptor.h"

namespace tutti::gateway {

// One google.api.http binding of a gRPC method.
struct Route {
  // "GET"
  std::string http_method;
  PathTemplate path;
  const google::protobuf::MethodDescriptor* method;
  // The request's field that the body is; null when there is none, or all of it
  // is the body.
  const google::protobuf::FieldDescriptor* body_field;
  bool body_is_request;
  // That field is a google.api.HttpBody: the body is bytes, no JSON.
  bool body_is_bytes;
  // The response's field that is answered; null: all of it.
  const google::protobuf::FieldDescriptor* response_field;
  // It answers a stream of google.api.HttpBody: bytes, no JSON.
  bool streams;

  // "/v1/conferences/{id}"
  std::string label;
  // "/tutti.control.v1.ConferenceService/GetConference"
  std::string grpc_method;
  // Special fields of the request; null where it has none.
  const google::protobuf::FieldDescriptor* update_mask;
  const google::protobuf::FieldDescriptor* if_match;
};

// The REST surface of some services. Immutable.
class RouteTable {
 public:
  struct Match {
    // Null: nothing is at this path for this method.
    const Route* route = nullptr;
    Bindings bindings;
    // What is at this path at all; empty: the path is unknown.
    std::set<std::string> allowed;
  };

  // INVALID_ARGUMENT with the method's name for an annotation that can't be
  // served: a field that isn't there, a stream of messages, two that mean the same path.
  static absl::StatusOr<RouteTable> Build(const std::vector<const google::protobuf::ServiceDescriptor*>& services);

  Match Find(std::string_view http_method, const UrlPath& path) const;

  // In the order of the services.
  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  absl::Status Add(Route route);

  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace tutti::gateway

#endif  // GATEWAY_REST_ROUTE_TABLE_H_
