#ifndef CONTROL_CORE_MEDIA_REPORTS_H_
#define CONTROL_CORE_MEDIA_REPORTS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "control/rules/media.h"
#include "control/rules/rules.h"
#include "control/rules/work.h"

// What media nodes say of legs, recordings and transcriptions, applied to the rows
// within a step. What is told of strays changes nothing.

namespace tutti::control {

// `detached` as Rules::SyncParticipant's.
absl::Status ApplyLegState(const AnswerWriter& write_answer, Work& work, Rules& rules, const std::string& node_id,
                           const media::v1::LegState& state, bool detached);
// The leg is no more; `statistics` may be null.
absl::Status ApplyLegGone(Work& work, Rules& rules, store::CallRecord& call,
                          const media::v1::LegStatistics* statistics);
// The node will not carry out the command of that revision.
absl::Status ApplyLegRefusal(Work& work, Rules& rules, store::CallRecord& call, int64_t revision,
                             const absl::Status& why);

// Whether the leg is not the one that the caller was told of: the node has been
// started anew, and a command that was on its way has made another leg there. No
// packet of the caller's will find that one.
bool IsReplaced(const store::CallRecord& call, const media::v1::LegState& state);

// `in_order` as Rules::SyncRecording's and SyncTranscribe's.
absl::Status ApplyRecordingState(Work& work, Rules& rules, const std::string& node_id,
                                 const media::v1::RecordingState& state, bool in_order);
absl::Status ApplyTranscriptionState(Work& work, Rules& rules, const std::string& node_id,
                                     const media::v1::TranscriptionState& state, bool in_order);
absl::Status ApplyTranscript(Work& work, Rules& rules, const std::string& node_id,
                             const media::v1::TranscriptMade& made);

// One of the node's Watch; they are applied in their order.
absl::Status ApplyNodeEvent(Work& work, Rules& rules, const std::string& node_id, const media::v1::NodeEvent& event);

}  // namespace tutti::control

#endif  // CONTROL_CORE_MEDIA_REPORTS_H_
