#ifndef CONTROL_CORE_MEDIA_COMMANDS_H_
#define CONTROL_CORE_MEDIA_COMMANDS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/core/done.h"
#include "control/rules/media.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::control {

class Steps;

// Commands to media nodes out of committed rows, and what came of them. Thread-safe.
class MediaCommands {
 public:
  explicit MediaCommands(Steps& steps) : steps_(steps) {}

  // What is wanted now of what effects named. NOT_FOUND: nothing any more.
  absl::StatusOr<LegCommand> ReadLeg(const MediaRef& ref);
  absl::StatusOr<BridgeCommand> ReadBridge(const MediaRef& ref);
  absl::StatusOr<RecordingCommand> ReadRecording(const MediaRef& ref);
  absl::StatusOr<TranscriptionCommand> ReadTranscription(const MediaRef& ref);

  // Replies of the commands. `Refused` is for errors that a repeat does not
  // mend, `why`; `revision` is the one that was sent. What a flow does once its call is
  // answered belongs to the trace of the command.
  void LegPut(const std::string& node_id, const media::v1::LegState& state, const std::string& traceparent,
              DoneStatus done);
  void LegRefused(const std::string& node_id, const std::string& leg_id, int64_t revision, const absl::Status& why,
                  DoneStatus done);
  void LegRemoved(const std::string& node_id, const media::v1::LegState& state, DoneStatus done);
  void BridgeRemoved(const std::string& node_id, const media::v1::BridgeState& state, DoneStatus done);
  void RecordingPut(const std::string& node_id, const media::v1::RecordingState& state, DoneStatus done);
  void RecordingRefused(const std::string& node_id, const std::string& recording_id, int64_t revision,
                        const absl::Status& why, DoneStatus done);
  void RecordingDeleted(const std::string& node_id, const std::string& recording_id, DoneStatus done);
  void TranscriptionPut(const std::string& node_id, const media::v1::TranscriptionState& state, DoneStatus done);
  void TranscriptionRefused(const std::string& node_id, const std::string& transcribe_id, int64_t revision,
                            const absl::Status& why, DoneStatus done);

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_MEDIA_COMMANDS_H_
