#ifndef GATEWAY_WS_WEBSOCKET_SERVER_H_
#define GATEWAY_WS_WEBSOCKET_SERVER_H_

#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/id/id.h"
#include "gateway/http/http.h"
#include "gateway/ws/event_source.h"
#include "gateway/ws/hub.h"
#include "gateway/ws/loop.h"
#include "gateway/ws/session.h"
#include "gateway/ws/ws_metrics.h"

namespace tutti::gateway::ws {

// GET /v1/ws: events by WebSocket. All else goes on to `next`. Thread-safe.
class WebSocketServer final : public Handler {
 public:
  struct Options {
    Hub::Limits limits;
    SessionOptions session;
  };

  // The references outlive it; the source's loop is the one given here.
  WebSocketServer(ThreadLoop& loop, EventSource& source, Clock& clock, IdGenerator& ids, WsMetrics& metrics,
                  Handler& next, const Options& options);
  // After Stop.
  ~WebSocketServer() override;

  void Handle(Request request, Reply reply) override;

  // Takes no more clients and closes those that are there; who doesn't close
  // within `patience` is cut off. Before the HTTP server ends. False: some were
  // cut off. Stops the loop.
  bool Stop(absl::Duration patience);

 private:
  struct Client;

  void OpenSession(std::unique_ptr<Upgraded> upgraded, const std::shared_ptr<Request>& request);
  void OnEnd(const std::shared_ptr<Client>& client, CloseReason reason, bool was_open);

  ThreadLoop& loop_;
  WsMetrics& metrics_;
  Handler& next_;
  const Options options_;
  // The loop's.
  Hub hub_;

  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<std::shared_ptr<Client>> clients_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::gateway::ws

#endif  // GATEWAY_WS_WEBSOCKET_SERVER_H_
