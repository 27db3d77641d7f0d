#ifndef GATEWAY_MEDIA_STREAM_STREAM_REQUEST_H_
#define GATEWAY_MEDIA_STREAM_STREAM_REQUEST_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tutti/control/v1/conference.pb.h"

namespace tutti::gateway::media_stream {

// The path's template, for the metrics.
inline constexpr char kRoute[] = "/v1/conferences/{id}/media_stream";

// The room's id where `path` is of kRoute; nothing: it is another path.
std::optional<std::string> FindConference(std::string_view path);

// What the query of a target asks of the room: rate, format, direction, source, pin,
// each at most once. INVALID_ARGUMENT (INVALID_REQUEST_PARAMETER).
absl::StatusOr<control::v1::OpenMediaStreamRequest> ParseStreamRequest(const std::string& conference_id,
                                                                       std::string_view target);

}  // namespace tutti::gateway::media_stream

#endif  // GATEWAY_MEDIA_STREAM_STREAM_REQUEST_H_
