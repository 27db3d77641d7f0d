#ifndef GATEWAY_HTTP_SERVER_H_
#define GATEWAY_HTTP_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/id/id.h"
#include "common/tls/tls.h"
#include "gateway/http/access.h"
#include "gateway/http/bytes_acked.h"
#include "gateway/http/http.h"
#include "gateway/http/http_metrics.h"

namespace tutti::gateway {

// A client that takes less of a streamed body than this in a write_timeout is cut off:
// some 200 bytes a second.
constexpr uint64_t kTakenBytesMin = 4096;

struct ServerOptions {
  // "127.0.0.1:8080"; port 0 takes a free one.
  std::string listen = {};
  AccessPolicy access = {};
  int threads = 2;

  // Null: plain text. Otherwise HTTPS with its certificate, TLS 1.2 or later.
  std::shared_ptr<const Tls> tls = nullptr;

  // More are answered 503 and closed; with TLS they are just closed.
  int connections_max = 1000;
  // Of the request line with all headers; more is a 431.
  uint32_t header_bytes_max = 16 * 1024;
  // More is a 413.
  uint64_t body_bytes_max = 1024 * 1024;

  // For a whole request to arrive, from its first byte; then the connection is closed.
  absl::Duration request_timeout = absl::Seconds(20);
  // For a client to agree on TLS.
  absl::Duration handshake_timeout = absl::Seconds(10);
  // Between requests of a connection, and before the first.
  absl::Duration idle_timeout = absl::Seconds(60);
  // For a response to be taken; of a streamed body for the next kTakenBytesMin.
  absl::Duration write_timeout = absl::Seconds(20);
  // How much a client has taken of all that was written to its socket.
  std::function<uint64_t(int socket)> bytes_taken = BytesAcked;
  // For reading on, so that a client gets to see why its request was refused.
  absl::Duration linger_timeout = absl::Seconds(2);
};

class ServerCore;

// HTTP/1.1 and 1.0, plain or over TLS, with keep-alive. Checks Host and Origin, gives each request
// its id, and answers for itself what is no proper request.
class Server {
 public:
  // UNAVAILABLE with one sentence when the port is taken. The references outlive
  // the server and every Reply.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, Handler& handler, Clock& clock,
                                                       IdGenerator& ids, HttpMetrics& metrics);
  // As Stop at once.
  ~Server();

  // The port that it listens on.
  int port() const;

  // Takes no more connections, closes idle ones, lets requests be answered until
  // `patience` is over; then closes all. False if some had to be cut off.
  bool Stop(absl::Duration patience);

 private:
  explicit Server(std::shared_ptr<ServerCore> core);

  std::shared_ptr<ServerCore> core_;
};

}  // namespace tutti::gateway

#endif  // GATEWAY_HTTP_SERVER_H_
