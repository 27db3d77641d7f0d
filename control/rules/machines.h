#ifndef CONTROL_RULES_MACHINES_H_
#define CONTROL_RULES_MACHINES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "control/rules/machine.h"
#include "tutti/control/v1/call.pb.h"
#include "tutti/control/v1/conference.pb.h"
#include "tutti/control/v1/conferencecall.pb.h"
#include "tutti/control/v1/recording.pb.h"
#include "tutti/control/v1/transcribe.pb.h"

// The life cycles, as tables. overview.rst: "Conference Lifecycle", "Participant
// Lifecycle", "Recording", "Transcription". No state ever goes back, but for a
// recording that goes on after a pause.

namespace tutti::control {

enum class ConferenceEvent {
  kStart,
  kUpdate,
  // A call wants to enter.
  kJoin,
  // Its sound is asked for: recording, transcription, media stream.
  kListen,
  kDelete,
  kTimeout,
  // One who had joined a `connect` room left.
  kPeerLeft,
  // The last host of a room with end_on_host left.
  kHostLeft,
  // Nobody is left in it.
  kEmpty,
};

enum class ParticipantEvent {
  kUpdate,
  // To another room.
  kMove,
  // The media plane has the leg in the mix.
  kAttached,
  // The media plane has the leg out of the mix.
  kDetached,
  kKick,
  kConferenceEnd,
  kPeerLeft,
  kHealthFailed,
  kJoinTimeout,
  kLeaveTimeout,
  // The media plane refused to attach or detach the leg.
  kMediaRefused,
  // The call ended, for whatever reason.
  kCallEnded,
};

enum class CallEvent {
  kAnswered,
  // Its hold, its mute.
  kUpdate,
  kReoffer,
  // Asked for by the API, or by the flow, or the flow is at its end.
  kHangup,
  kMediaTimeout,
  // The media plane refused the leg.
  kMediaRefused,
  kSetupTimeout,
  kMaxAge,
  // The leg is gone from its node, or the node is.
  kLegGone,
  kTeardownTimeout,
};

enum class RecordingEvent {
  // The node records, or leaves out what comes.
  kRecording,
  kPaused,
  // Pause or resume is asked for.
  kChange,
  // Asked for by the API, or the room ends.
  kStop,
  kMaxAge,
  // The node finishes its files.
  kFinishing,
  // The node has ended it, well or not.
  kEnded,
  kFailed,
  // The media plane will not have it.
  kRefused,
  kNodeLost,
  kTimeout,
  kDelete,
};

enum class TranscribeEvent {
  // The node has begun.
  kRunning,
  // Asked for by the API, or the room ends.
  kStop,
  // The node has told all texts, or has given up.
  kEnded,
  kFailed,
  // The media plane will not have it.
  kRefused,
  kNodeLost,
  // The deadlines of its beginning and of its end.
  kStartTimeout,
  kStopTimeout,
  kDelete,
};

using ConferenceTransition = Transition<v1::Conference::Status, ConferenceEvent>;
using ParticipantTransition = Transition<v1::Conferencecall::Status, ParticipantEvent>;
using CallTransition = Transition<v1::Call::Status, CallEvent>;
using RecordingTransition = Transition<v1::Recording::Status, RecordingEvent>;
using TranscribeTransition = Transition<v1::Transcribe::Status, TranscribeEvent>;

absl::Span<const ConferenceTransition> ConferenceTransitions();
absl::Span<const ParticipantTransition> ParticipantTransitions();
absl::Span<const CallTransition> CallTransitions();
absl::Span<const RecordingTransition> RecordingTransitions();
absl::Span<const TranscribeTransition> TranscribeTransitions();

// What the resource is after the event; FAILED_PRECONDITION (STATE_INVALID) that
// names it and its state where the event is illegal.
absl::StatusOr<v1::Conference::Status> Next(const v1::Conference& conference, ConferenceEvent event);
absl::StatusOr<v1::Conferencecall::Status> Next(const v1::Conferencecall& conferencecall, ParticipantEvent event);
absl::StatusOr<v1::Call::Status> Next(const v1::Call& call, CallEvent event);
absl::StatusOr<v1::Recording::Status> Next(const v1::Recording& recording, RecordingEvent event);
absl::StatusOr<v1::Transcribe::Status> Next(const v1::Transcribe& transcribe, TranscribeEvent event);

}  // namespace tutti::control

#endif  // CONTROL_RULES_MACHINES_H_
