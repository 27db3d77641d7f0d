#include "gateway/ws/frames.h"

#include "absl/strings/str_cat.h"
#include "common/id/id.h"
#include "common/protojson/protojson.h"
#include "common/status/status.h"
#include "gateway/http/error_response.h"
#include "nlohmann/json.hpp"

namespace tutti::gateway::ws {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kStreams[] = {"conference:", "call:"};

std::string Text(const ordered_json& frame) {
  return frame.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

absl::Status Invalid(const std::string& field, const std::string& what) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", absl::StrCat(field, " ", what, "."),
               {{"field", field}});
}

bool IsStreamTopic(std::string_view topic) {
  for (const std::string_view prefix : kStreams) {
    if (topic.substr(0, prefix.size()) == prefix) return IsUuid(topic.substr(prefix.size()));
  }
  return false;
}

absl::Status CheckTopic(const Topic& topic, int index) {
  const std::string field = absl::StrCat("topics[", index, "]");
  const bool all = topic.topic() == kAllTopic;
  if (!all && !IsStreamTopic(topic.topic())) {
    return Invalid(field + ".topic", "must be conference:<id>, call:<id> or all");
  }
  if (all && topic.has_after_sequence()) return Invalid(field + ".after_sequence", "is not of all; use cursor");
  if (!all && !topic.cursor().empty()) return Invalid(field + ".cursor", "is of all alone; use after_sequence");
  if (topic.after_sequence() < 0) return Invalid(field + ".after_sequence", "must be 0 or more");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ClientFrame> ReadClientFrame(std::string_view text) {
  ClientFrame frame;
  if (absl::Status read = protojson::Read(text, frame); !read.ok()) return read;
  if (frame.type() == "ping") return frame;
  if (frame.type() != "subscribe" && frame.type() != "unsubscribe") {
    return Invalid("type", "must be subscribe, unsubscribe or ping");
  }
  if (frame.topics().empty() || frame.topics_size() > kTopicsOfFrameMax) {
    return Invalid("topics", absl::StrCat("must be 1 to ", kTopicsOfFrameMax));
  }
  if (frame.event_types_size() > kTypesMax) return Invalid("event_types", absl::StrCat("are at most ", kTypesMax));
  for (int i = 0; i < frame.topics_size(); ++i) {
    if (absl::Status topic = CheckTopic(frame.topics(i), i); !topic.ok()) return topic;
  }
  return frame;
}

bool IsLiveType(std::string_view type) {
  return type == "conferencecall_talking" || type == "call_dtmf" || type == "transcript_interim";
}

std::string EventFrame(const control::v1::Event& event) { return protojson::WriteEnvelope(event); }

std::string EventFrameWithCursor(const control::v1::Event& event) {
  std::string frame = EventFrame(event);
  if (event.cursor().empty()) return frame;
  frame.pop_back();
  absl::StrAppend(&frame, ",\"cursor\":", ordered_json(event.cursor()).dump(), "}");
  return frame;
}

std::string SubscribedFrame(std::string_view topic, std::string_view cursor) {
  ordered_json frame{{"type", "subscribed"}, {"topic", std::string(topic)}};
  if (!cursor.empty()) frame["cursor"] = std::string(cursor);
  return Text(frame);
}

std::string UnsubscribedFrame(std::string_view topic) {
  return Text({{"type", "unsubscribed"}, {"topic", std::string(topic)}});
}

std::string GapFrame(std::string_view topic, std::optional<int64_t> after_sequence, std::string_view cursor) {
  ordered_json frame{{"type", "gap"}, {"topic", std::string(topic)}};
  if (after_sequence.has_value()) frame["after_sequence"] = *after_sequence;
  if (!cursor.empty()) frame["cursor"] = std::string(cursor);
  return Text(frame);
}

std::string PongFrame() { return R"({"type":"pong"})"; }

std::string ErrorFrame(const absl::Status& status, std::string_view topic, std::string_view request_id) {
  ordered_json frame{{"type", "error"}};
  if (!topic.empty()) frame["topic"] = std::string(topic);
  frame.update(ordered_json::parse(ErrorResponse(status, request_id).body));
  return Text(frame);
}

}  // namespace tutti::gateway::ws
