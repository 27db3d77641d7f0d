#ifndef GATEWAY_HTTP_HTTP_H_
#define GATEWAY_HTTP_HTTP_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::gateway {

struct Header {
  std::string name;
  std::string value;
};

// A whole request, within the server's limits.
struct Request {
  // "GET"; the client's word, of any kind.
  std::string method;
  // Begins with '/'; not decoded; may have a query.
  std::string target;
  std::vector<Header> headers;
  std::string body;
  // The client's own, or made here.
  std::string request_id;

  // The first header of this name, in any case of letters; empty when absent.
  std::string_view Find(std::string_view name) const;
  // The target up to its query.
  std::string_view Path() const;
};

// A connection that has left HTTP: gateway/http/upgraded.h.
struct Upgraded;

struct Response {
  int status = 200;
  // Besides Content-Type, Content-Length, X-Request-Id and what belongs to the connection.
  std::vector<Header> headers = {};
  std::string content_type = "application/json";
  std::string body = {};
  // The template of the path for the metrics ("/v1/calls/{id}"), never a path itself.
  std::string route = "none";
  // Set: instead of an answer the connection is handed over, to be answered and
  // used by this function alone. On the server's threads.
  std::function<void(std::unique_ptr<Upgraded>)> upgrade = nullptr;
};

// Gives the response; once, on any thread. One that is never called closes the connection.
using Reply = std::function<void(Response)>;

// Called on the server's threads: must not block.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void Handle(Request request, Reply reply) = 0;
};

}  // namespace tutti::gateway

#endif  // GATEWAY_HTTP_HTTP_H_
