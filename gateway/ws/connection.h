#ifndef GATEWAY_WS_CONNECTION_H_
#define GATEWAY_WS_CONNECTION_H_

#include <cstddef>
#include <memory>
#include <string>

namespace tutti::gateway::ws {

// Why a client's connection ends.
enum class CloseReason {
  // It went, or broke.
  kClient,
  // It didn't take its frames.
  kTooSlow,
  // Its key is not valid any more.
  kUnauthorized,
  // The gateway ends.
  kGoingAway,
  // What it follows can't go on; from its last point another connection can.
  kRestart,
  // Of a media stream: what it is of has ended; or can't be reached any more.
  kEnded,
  kMediaNodeLost,
  // It sent text; samples, though it only listens; half a sample.
  kText,
  kListensOnly,
  kHalfSample,
};

// "too_slow".
const char* CloseReasonWord(CloseReason reason);

// A client's connection, as the hub sees it. Thread-safe.
class Connection {
 public:
  using Frame = std::shared_ptr<const std::string>;

  virtual ~Connection() = default;

  // Queues a frame; with too many the connection closes itself (kTooSlow).
  virtual void Send(Frame frame) = 0;
  // Frames that wait.
  virtual size_t Waiting() const = 0;
  virtual void Close(CloseReason reason) = 0;
};

}  // namespace tutti::gateway::ws

#endif  // GATEWAY_WS_CONNECTION_H_
