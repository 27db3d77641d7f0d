#include <cstdlib>
#include <memory>
#include <string>

#include "gateway/rest/request_builder.h"
#include "gateway/rest/route_table.h"
#include "tutti/control/v1/call.pb.h"
#include "tutti/control/v1/conference.pb.h"
#include "tutti/control/v1/conferencecall.pb.h"

namespace {

const tutti::gateway::RouteTable& Routes() {
  static const auto* routes = [] {
    const google::protobuf::FileDescriptor* files[] = {tutti::control::v1::Call::descriptor()->file(),
                                                       tutti::control::v1::Conference::descriptor()->file(),
                                                       tutti::control::v1::Conferencecall::descriptor()->file()};
    std::vector<const google::protobuf::ServiceDescriptor*> services;
    for (const auto* file : files) services.push_back(file->service(0));
    return new tutti::gateway::RouteTable(tutti::gateway::RouteTable::Build(services).value());
  }();
  return *routes;
}

}  // namespace

// "METHOD target\nbody": what is built for gRPC can always be sent.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const size_t space = text.find(' ');
  if (space == std::string::npos) return 0;
  const size_t line = std::min(text.find('\n', space), text.size());
  tutti::gateway::Request request;
  request.method = text.substr(0, space);
  request.target = text.substr(space + 1, line - space - 1);
  if (line < text.size()) request.body = text.substr(line + 1);
  const auto path = tutti::gateway::ParsePath(request.Path());
  if (!path.ok()) return 0;
  const auto match = Routes().Find(request.method, *path);
  if (match.route == nullptr) return 0;
  const auto built = tutti::gateway::BuildRequest(*match.route, match.bindings, request);
  if (!built.ok()) return 0;
  std::unique_ptr<google::protobuf::Message> again((*built)->New());
  if (!again->ParseFromString((*built)->SerializeAsString())) std::abort();
  return 0;
}
