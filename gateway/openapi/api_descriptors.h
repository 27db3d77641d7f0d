#ifndef GATEWAY_OPENAPI_API_DESCRIPTORS_H_
#define GATEWAY_OPENAPI_API_DESCRIPTORS_H_

#include <vector>

#include "google/protobuf/descriptor.h"

namespace tutti::gateway {

// The control plane's services as their files say them, comments included; in
// a pool of their own that lives as long as the process. Not the descriptors of
// the generated classes.
std::vector<const google::protobuf::ServiceDescriptor*> ApiServices();

}  // namespace tutti::gateway

#endif  // GATEWAY_OPENAPI_API_DESCRIPTORS_H_
