#ifndef GATEWAY_WS_UPSTREAM_H_
#define GATEWAY_WS_UPSTREAM_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/clock/clock.h"
#include "common/id/id.h"
#include "gateway/ws/event_source.h"
#include "gateway/ws/loop.h"
#include "gateway/ws/rendered.h"

namespace tutti::gateway::ws {

// All events of one customer, live ones too, by one Watch for all its clients.
// After a break it goes on behind the last event. Who talks is not known while it
// is broken: each talker gets an end, and a beginning again when that is so. On
// the loop.
class Upstream : public std::enable_shared_from_this<Upstream> {
 public:
  struct Handler {
    // Its place among all events is known; after each break again.
    std::function<void()> on_begun;
    std::function<void(const std::shared_ptr<const Rendered>&)> on_event;
    // It is broken and tries again.
    std::function<void(const absl::Status&)> on_break;
    // Last: the key is not valid (UNAUTHENTICATED, PERMISSION_DENIED), or the way
    // behind the last event is lost (ABORTED).
    std::function<void(const absl::Status&)> on_failed;
  };

  // The references outlive it. `authorization` is the header that the customer's
  // clients have sent.
  Upstream(std::string authorization, EventSource& source, Loop& loop, Clock& clock, IdGenerator& ids, Handler handler);

  void Start() { Watch(); }
  // No call of the handler follows.
  void End();

  const std::string& authorization() const { return authorization_; }
  // Of the last event, or of the begin; empty: there is none yet.
  const std::string& cursor() const { return cursor_; }
  // Who talks, as it was told; an empty stream: any.
  std::vector<std::shared_ptr<const Rendered>> Talkers(const std::string& stream) const;

 private:
  void Watch();
  void OnBegin(const std::string& cursor);
  void OnEvent(const control::v1::Event& event);
  void OnEnd(const absl::Status& status);
  void SilenceAll();

  const std::string authorization_;
  EventSource& source_;
  Loop& loop_;
  Clock& clock_;
  IdGenerator& ids_;
  const Handler handler_;
  std::string cursor_;
  // What belongs to an earlier Watch is recognised by it.
  int64_t generation_ = 0;
  bool ended_ = false;
  int failures_ = 0;
  // Of the last Watch.
  std::string trace_id_;
  std::shared_ptr<EventSource::Stream> stream_;
  // By conferencecall.
  std::map<std::string, std::shared_ptr<const Rendered>> talkers_;
};

}  // namespace tutti::gateway::ws

#endif  // GATEWAY_WS_UPSTREAM_H_
