#ifndef CONTROL_CORE_RULES_H_
#define CONTROL_CORE_RULES_H_

#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "control/core/core.h"
#include "control/core/machines.h"
#include "control/core/work.h"
#include "control/flow/registry.h"

namespace tutti::control {

// What the events of the state tables do to rows, within one step. An event that
// is legal but changes no state does nothing. Errors: the store's, and
// STATE_INVALID.
class Rules {
 public:
  Rules(Work& work, const flow::Registry& registry, const Core::Options& options)
      : work_(work), registry_(registry), options_(options) {}

  // --- conference_rules.cc

  // Whether a call of this customer on this node (empty: any) may enter; the
  // conference. A refusal is one of IsRefusal.
  absl::StatusOr<store::ConferenceRecord*> FindJoinable(const flow::JoinRequest& join, const std::string& customer_id,
                                                        const std::string& node_id);
  static bool IsRefusal(const absl::Status& status);
  // Closes the room: everybody is ejected, an empty one is terminated at once.
  absl::Status EndConference(store::ConferenceRecord& conference, ConferenceEvent event);
  // The deadline of a terminating room: who has not left by now is out.
  absl::Status ForceEmpty(store::ConferenceRecord& conference);
  // A host has joined, or has become one.
  absl::Status AddHost(store::ConferenceRecord& conference);
  absl::Status SetLocked(store::ConferenceRecord& conference, bool locked);
  // Everybody but hosts, and who joins later.
  absl::Status MuteAll(store::ConferenceRecord& conference, bool muted);
  // Sets the deadline of a progressing room; ends one that is past it.
  absl::Status ArmTimeout(store::ConferenceRecord& conference);

  // --- participant_rules.cc

  // The one function through which every join completes and every leave goes.
  // `reason` counts where the event makes it leave.
  absl::Status MoveParticipant(store::ConferencecallRecord& participant, ParticipantEvent event,
                               v1::Conferencecall::LeaveReason reason);
  // Takes over the editable fields of `changed`.
  absl::Status ChangeParticipant(store::ConferencecallRecord& participant, const v1::Conferencecall& changed);
  // The participant's leg as the media plane has it: `bridge_id` as of the leg's
  // `revision`. `detached` tells that an empty bridge_id is the truth and not
  // just not yet so.
  absl::Status SyncParticipant(store::CallRecord& call, const std::string& bridge_id, int64_t revision, bool detached);

  // --- call_rules.cc

  absl::Status AnswerCall(store::CallRecord& call, const std::string& sdp_answer);
  // Sends another offer to the media plane; the call keeps its own until that one
  // is taken, and for good when it is refused.
  absl::Status Reoffer(store::CallRecord& call, const std::string& sdp_offer, const media::v1::MediaDescription& offer);
  absl::Status TakeReoffer(store::CallRecord& call, const std::string& sdp_answer);
  absl::Status RefuseReoffer(store::CallRecord& call, const absl::Status& why);
  absl::Status EndCall(store::CallRecord& call, CallEvent event, v1::Call::HangupBy by, v1::Call::HangupReason reason);
  // As EndCall for a call that is being set up: `why` answers who waits for it.
  absl::Status RefuseCall(store::CallRecord& call, CallEvent event, v1::Call::HangupReason reason,
                          const absl::Status& why);
  // The end of a sleep.
  absl::Status Wake(store::CallRecord& call);
  // Runs what the step has set free. Once, at its end.
  absl::Status Finish();

 private:
  class FlowHost;

  absl::Status Terminate(store::ConferenceRecord& conference);
  absl::Status EjectAll(store::ConferenceRecord& conference, ParticipantEvent event,
                        v1::Conferencecall::LeaveReason reason);
  absl::StatusOr<flow::Outcome> Join(store::CallRecord& call, const flow::JoinRequest& join);
  absl::Status CheckCoachTarget(const v1::Conferencecall& coach);
  absl::Status AfterLeave(store::ConferencecallRecord& participant);
  absl::Status RunFlow(store::CallRecord& call);
  absl::Status FreeIdempotencyKey(store::CallRecord& call);

  Work& work_;
  const flow::Registry& registry_;
  const Core::Options& options_;
  // Calls whose flow goes on at the end of the step.
  std::set<std::string> resumed_;
};

// The key of a CreateCall.
IdempotencyTable::Key CallKey(const store::CallRecord& call);

inline constexpr char kCreateCallMethod[] = "CreateCall";
inline constexpr char kCreateConferenceMethod[] = "CreateConference";

}  // namespace tutti::control

#endif  // CONTROL_CORE_RULES_H_
