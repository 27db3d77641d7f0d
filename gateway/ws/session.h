#ifndef GATEWAY_WS_SESSION_H_
#define GATEWAY_WS_SESSION_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "gateway/http/http.h"
#include "gateway/ws/connection.h"

namespace tutti::gateway::ws {

struct SessionOptions {
  // What we send: text, or binary frames.
  bool binary = false;
  // Of one that a client sends; a larger one closes with 1009.
  size_t frame_bytes_max = 64 * 1024;
  // Waiting for a client; more, and it is closed with 1013.
  size_t queue_frames_max = 1024;
  size_t queue_bytes_max = 1024 * 1024;
  // The kernel's own queue for the client.
  int socket_bytes = 64 * 1024;
  // For a client to take one frame, and for the last one once it is found too slow.
  absl::Duration write_timeout = absl::Seconds(30);
  absl::Duration last_write_timeout = absl::Seconds(20);
  // For opening and closing handshakes.
  absl::Duration handshake_timeout = absl::Seconds(10);
  // Without a word of the client, a pong least of all; it is pinged at half of it.
  absl::Duration idle_timeout = absl::Seconds(60);
};

// One client's WebSocket (RFC 6455) on an upgraded connection.
class Session : public Connection {
 public:
  // Called on the connection's strand.
  struct Handler {
    // It is open.
    std::function<void(const std::shared_ptr<Session>&)> on_open;
    // A frame; ask for the next by ReadNext().
    std::function<void(std::string, bool is_text)> on_frame;
    // It has half as many frames left as catching up pauses at. May be empty.
    std::function<void()> on_drained;
    // Last, whether it was open or not; the code is what the client was told.
    std::function<void(CloseReason, bool was_open)> on_end;
  };

  static std::shared_ptr<Session> Make(std::unique_ptr<Upgraded> upgraded, const SessionOptions& options,
                                       Handler handler);

  // The request is the one that asked for the upgrade. On the strand, once.
  virtual void Open(const Request& request) = 0;
  // Thread-safe.
  virtual void ReadNext() = 0;
  // Without a closing handshake. Thread-safe.
  virtual void Abort() = 0;
};

// Whether a request asks for a WebSocket.
bool IsUpgrade(const Request& request);

}  // namespace tutti::gateway::ws

#endif  // GATEWAY_WS_SESSION_H_
