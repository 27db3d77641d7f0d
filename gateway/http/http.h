#ifndef GATEWAY_HTTP_HTTP_H_
#define GATEWAY_HTTP_HTTP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

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

// A body that comes piece by piece. Its end gives up what has not come.
class BodySource {
 public:
  // A piece; empty: that was all; or why there is no more. On any thread, maybe
  // within Next.
  using Take = std::function<void(absl::StatusOr<std::string>)>;

  virtual ~BodySource() = default;
  // Asks for one piece. The server asks when the client has taken the one before,
  // so that only one is held.
  virtual void Next(Take take) = 0;
};

struct StreamedBody {
  // Not asked for a HEAD.
  std::shared_ptr<BodySource> source;
  // In all; absent: not known. A source that gives another number breaks the body off.
  std::optional<uint64_t> bytes = std::nullopt;
};

// A connection that has left HTTP: gateway/http/upgraded.h.
struct Upgraded;

struct Response {
  int status = 200;
  // Besides Content-Type, Content-Length, X-Request-Id and what belongs to the connection.
  std::vector<Header> headers = {};
  std::string content_type = "application/json";
  std::string body = {};
  // Set: instead of `body`. What breaks off closes the connection, so that the
  // client doesn't take a part for all.
  std::optional<StreamedBody> streamed = std::nullopt;
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
