#include "gateway/openapi/api_descriptors.h"

#include <string>

#include "google/api/annotations.pb.h"
#include "google/api/field_behavior.pb.h"
#include "google/protobuf/descriptor.pb.h"

namespace tutti::gateway {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorSet;
using google::protobuf::ServiceDescriptor;

constexpr unsigned char kDescriptorSet[] = {
#include "gateway/openapi/control_descriptors_bytes.inc"
};

std::vector<const ServiceDescriptor*> Load() {
  // The options' extensions are known only when their generated files are linked.
  (void)google::api::http.number();
  (void)google::api::field_behavior.number();
  auto* pool = new DescriptorPool;
  FileDescriptorSet files;
  files.ParseFromArray(kDescriptorSet, sizeof(kDescriptorSet));
  std::vector<const ServiceDescriptor*> services;
  for (const auto& proto : files.file()) {
    const FileDescriptor* file = pool->BuildFile(proto);
    for (int i = 0; file != nullptr && i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  return services;
}

}  // namespace

std::vector<const ServiceDescriptor*> ApiServices() {
  static const auto* services = new std::vector<const ServiceDescriptor*>(Load());
  return *services;
}

}  // namespace tutti::gateway
