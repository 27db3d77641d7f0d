#ifndef GATEWAY_WS_RENDERED_H_
#define GATEWAY_WS_RENDERED_H_

#include <memory>
#include <string>
#include <utility>

#include "gateway/ws/frames.h"
#include "tutti/control/v1/event.pb.h"

namespace tutti::gateway::ws {

// An event whose text is made once for all who get it. On the loop.
class Rendered {
 public:
  explicit Rendered(control::v1::Event event) : event_(std::move(event)) {}

  const control::v1::Event& event() const { return event_; }

  std::shared_ptr<const std::string> Frame(bool with_cursor) const {
    auto& frame = with_cursor ? frame_with_cursor_ : frame_;
    if (frame == nullptr) {
      frame = std::make_shared<const std::string>(with_cursor ? EventFrameWithCursor(event_) : EventFrame(event_));
    }
    return frame;
  }

 private:
  const control::v1::Event event_;
  mutable std::shared_ptr<const std::string> frame_;
  mutable std::shared_ptr<const std::string> frame_with_cursor_;
};

}  // namespace tutti::gateway::ws

#endif  // GATEWAY_WS_RENDERED_H_
