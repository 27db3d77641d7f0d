#ifndef GATEWAY_WS_EVENT_SOURCE_H_
#define GATEWAY_WS_EVENT_SOURCE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "common/trace/trace_context.h"
#include "tutti/control/v1/event.pb.h"

namespace tutti::gateway::ws {

// The control plane's Watch.
class EventSource {
 public:
  // Called on the loop that the source was made with.
  struct Handler {
    // First, where the point was found; the cursor where all streams begin.
    std::function<void(const std::string& cursor)> on_begin;
    // Ask for the next one by Next().
    std::function<void(const control::v1::Event&)> on_event;
    // Last.
    std::function<void(const absl::Status&)> on_end;
  };

  class Stream {
   public:
    virtual ~Stream() = default;
    virtual void Next() = 0;
    // on_end still comes.
    virtual void Cancel() = 0;
  };

  // What it is known by in control's log.
  struct Ids {
    std::string request_id;
    TraceContext trace;
  };

  virtual ~EventSource() = default;

  // For whom `authorization`, the header's value, speaks; the first event comes
  // without Next().
  virtual std::shared_ptr<Stream> Watch(const std::string& authorization, const Ids& ids,
                                        const control::v1::WatchEventsRequest& request, Handler handler) = 0;
};

}  // namespace tutti::gateway::ws

#endif  // GATEWAY_WS_EVENT_SOURCE_H_
