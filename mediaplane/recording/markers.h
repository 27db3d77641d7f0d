#ifndef MEDIAPLANE_RECORDING_MARKERS_H_
#define MEDIAPLANE_RECORDING_MARKERS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "mediaplane/tap/leg_names.h"
#include "tutti/media/v1/recording_folder.pb.h"

namespace tutti::mediaplane {

// What happened in a recording, by its own time. One thread at a time.
class Markers {
 public:
  // More are not kept, but counted.
  static constexpr size_t kMarkersMax = 20'000;

  enum class Kind { kBegin, kJoined, kLeft, kPaused, kResumed, kEnd };

  void Add(Kind kind, int64_t offset_ms, absl::Time time, std::shared_ptr<const LegName> who = nullptr);

  // Some were added since the last call.
  bool TakeChanged();

  // {"recording_id", "conference_id", "rate", "markers_lost", "markers": [{"kind",
  // "conferencecall_id", "call_id", "offset_ms", "time"}]}
  std::string Render(const media::v1::PutRecordingRequest& recording) const;

 private:
  struct Marker {
    Kind kind = Kind::kBegin;
    int64_t offset_ms = 0;
    absl::Time time;
    std::shared_ptr<const LegName> who;
  };
  std::vector<Marker> markers_;
  int64_t lost_ = 0;
  bool changed_ = false;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_MARKERS_H_
