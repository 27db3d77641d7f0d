#ifndef GATEWAY_HTTP_UPGRADED_H_
#define GATEWAY_HTTP_UPGRADED_H_

#include <boost/beast/core/flat_buffer.hpp>
#include <functional>
#include <memory>

#include "gateway/http/stream.h"

namespace tutti::gateway {

// A connection that its request asked to use for another protocol (RFC 9110
// section 7.8). The request has no answer yet. Close it before the server ends.
struct Upgraded {
  // Runs a task on the connection's strand, from any thread; dropped once the
  // server has stopped.
  std::function<void(std::function<void()>)> post;
  Stream stream;
  // What came behind the request.
  boost::beast::flat_buffer buffer;
};

}  // namespace tutti::gateway

#endif  // GATEWAY_HTTP_UPGRADED_H_
