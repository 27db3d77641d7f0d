#ifndef CONTROL_CORE_MACHINES_H_
#define CONTROL_CORE_MACHINES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "control/core/machine.h"
#include "tutti/control/v1/call.pb.h"
#include "tutti/control/v1/conference.pb.h"
#include "tutti/control/v1/conferencecall.pb.h"

// The life cycles, as tables. overview.rst: "Conference Lifecycle", "Participant
// Lifecycle". No state ever goes back.

namespace tutti::control {

enum class ConferenceEvent {
  kStart,
  kUpdate,
  // A call wants to enter.
  kJoin,
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

using ConferenceTransition = Transition<v1::Conference::Status, ConferenceEvent>;
using ParticipantTransition = Transition<v1::Conferencecall::Status, ParticipantEvent>;
using CallTransition = Transition<v1::Call::Status, CallEvent>;

absl::Span<const ConferenceTransition> ConferenceTransitions();
absl::Span<const ParticipantTransition> ParticipantTransitions();
absl::Span<const CallTransition> CallTransitions();

// What the resource is after the event; FAILED_PRECONDITION (STATE_INVALID) that
// names it and its state where the event is illegal.
absl::StatusOr<v1::Conference::Status> Next(const v1::Conference& conference, ConferenceEvent event);
absl::StatusOr<v1::Conferencecall::Status> Next(const v1::Conferencecall& conferencecall, ParticipantEvent event);
absl::StatusOr<v1::Call::Status> Next(const v1::Call& call, CallEvent event);

}  // namespace tutti::control

#endif  // CONTROL_CORE_MACHINES_H_
