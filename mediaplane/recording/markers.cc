#include "mediaplane/recording/markers.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tutti::mediaplane {
namespace {

const char* Name(Markers::Kind kind) {
  switch (kind) {
    case Markers::Kind::kBegin:
      return "begin";
    case Markers::Kind::kJoined:
      return "joined";
    case Markers::Kind::kLeft:
      return "left";
    case Markers::Kind::kPaused:
      return "paused";
    case Markers::Kind::kResumed:
      return "resumed";
    case Markers::Kind::kEnd:
      return "end";
  }
  return "";
}

}  // namespace

void Markers::Add(Kind kind, int64_t offset_ms, absl::Time time, std::shared_ptr<const LegName> who) {
  // The end has its place.
  if (markers_.size() >= kMarkersMax && kind != Kind::kEnd) {
    ++lost_;
    return;
  }
  // Who is there when it begins is told before its first tick.
  const auto at = kind == Kind::kBegin ? markers_.begin() : markers_.end();
  markers_.insert(at, {kind, offset_ms, time, std::move(who)});
  changed_ = true;
}

bool Markers::TakeChanged() { return std::exchange(changed_, false); }

std::string Markers::Render(const media::v1::PutRecordingRequest& recording) const {
  std::string json = absl::StrCat("{\"recording_id\": \"", recording.recording_id(), "\", \"conference_id\": \"",
                                  recording.bridge_id(), "\", \"rate\": ", recording.sample_rate_hz(),
                                  ", \"markers_lost\": ", lost_, ", \"markers\": [");
  const char* separator = "\n  ";
  for (const Marker& marker : markers_) {
    absl::StrAppend(&json, std::exchange(separator, ",\n  "), "{\"kind\": \"", Name(marker.kind), "\", ");
    if (marker.who != nullptr) {
      absl::StrAppend(&json, "\"conferencecall_id\": \"", marker.who->participant_id, "\", \"call_id\": \"",
                      marker.who->leg_id, "\", ");
    }
    absl::StrAppend(&json, "\"offset_ms\": ", marker.offset_ms, ", \"time\": \"",
                    absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", marker.time, absl::UTCTimeZone()), "\"}");
  }
  return absl::StrCat(json, "\n]}\n");
}

}  // namespace tutti::mediaplane
