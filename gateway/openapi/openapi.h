#ifndef GATEWAY_OPENAPI_OPENAPI_H_
#define GATEWAY_OPENAPI_OPENAPI_H_

#include <string>

#include "gateway/rest/route_table.h"

namespace tutti::gateway {

// The OpenAPI 3.1 document of a REST surface, from its annotations and comments.
std::string MakeOpenApi(const RouteTable& routes);

}  // namespace tutti::gateway

#endif  // GATEWAY_OPENAPI_OPENAPI_H_
