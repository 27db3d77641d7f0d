#ifndef GATEWAY_WS_FRAMES_H_
#define GATEWAY_WS_FRAMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/ws/client_frame.pb.h"
#include "tutti/control/v1/event.pb.h"

// The text of WebSocket frames.
namespace tutti::gateway::ws {

inline constexpr char kAllTopic[] = "all";
inline constexpr int kTopicsOfFrameMax = 100;
inline constexpr int kTypesMax = 64;

// A frame of a client, with topics that can be. INVALID_ARGUMENT: INVALID_JSON_BODY
// or INVALID_REQUEST_PARAMETER.
absl::StatusOr<ClientFrame> ReadClientFrame(std::string_view text);

// "conference_talking" and the like, which have no sequence.
bool IsLiveType(std::string_view type);

// The envelope; with the cursor for those who resume by it.
std::string EventFrame(const control::v1::Event& event);
std::string EventFrameWithCursor(const control::v1::Event& event);

// The first word of a subscription; `cursor` is where `all` begins.
std::string SubscribedFrame(std::string_view topic, std::string_view cursor);
std::string UnsubscribedFrame(std::string_view topic);
// Events behind the point that was asked for are no longer kept; what follows
// begins now.
std::string GapFrame(std::string_view topic, std::optional<int64_t> after_sequence, std::string_view cursor);
std::string PongFrame();
// `topic` may be empty. The error is as REST's.
std::string ErrorFrame(const absl::Status& status, std::string_view topic, std::string_view request_id);

}  // namespace tutti::gateway::ws

#endif  // GATEWAY_WS_FRAMES_H_
