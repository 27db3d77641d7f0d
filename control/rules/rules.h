#ifndef CONTROL_RULES_RULES_H_
#define CONTROL_RULES_RULES_H_

#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "control/flow/registry.h"
#include "control/rules/machines.h"
#include "control/rules/options.h"
#include "control/rules/work.h"

namespace tutti::control {

// What the events of the state tables do to rows, within one step. An event that
// is legal but changes no state does nothing. Errors: the store's, and
// STATE_INVALID.
class Rules {
 public:
  Rules(Work& work, const flow::Registry& registry, const CoreOptions& options)
      : work_(work), registry_(registry), options_(options) {}

  // --- conference.cc

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
  // Puts the room's bridge on the node, where it is on none yet.
  void PlaceBridge(store::ConferenceRecord& conference, const std::string& node_id);
  // Sets the deadline of a progressing room; ends one that is past it.
  absl::Status ArmTimeout(store::ConferenceRecord& conference);

  // --- participant.cc

  // The one function through which every join completes and every leave goes.
  // `reason` counts where the event makes it leave.
  absl::Status MoveParticipant(store::ConferencecallRecord& participant, ParticipantEvent event,
                               v1::Conferencecall::LeaveReason reason);
  // Takes the participant's call into another room; gives the participant there.
  absl::StatusOr<store::ConferencecallRecord*> MoveToRoom(store::ConferencecallRecord& participant,
                                                          const std::string& conference_id);
  // The leg is out of the bridge that it was moved from.
  absl::Status FinishMove(store::CallRecord& call, int64_t revision);
  // Takes over the editable fields of `changed`.
  absl::Status ChangeParticipant(store::ConferencecallRecord& participant, const v1::Conferencecall& changed);
  // The participant's leg as the media plane has it: `bridge_id` as of the leg's
  // `revision`. `detached` tells that an empty bridge_id is the truth and not
  // just not yet so.
  absl::Status SyncParticipant(store::CallRecord& call, const std::string& bridge_id, int64_t revision, bool detached);

  // --- call.cc

  absl::Status AnswerCall(store::CallRecord& call, const std::string& sdp_answer);
  absl::Status ChangeCall(store::CallRecord& call, bool on_hold, bool muted);
  // Sends another offer to the media plane; the call keeps its own until that one
  // is taken, and for good when it is refused.
  absl::Status Reoffer(store::CallRecord& call, const std::string& sdp_offer, const media::v1::MediaDescription& offer);
  absl::Status TakeReoffer(store::CallRecord& call, const std::string& sdp_answer);
  absl::Status RefuseReoffer(store::CallRecord& call, const absl::Status& why);
  absl::Status EndCall(store::CallRecord& call, CallEvent event, v1::Call::HangupBy by, v1::Call::HangupReason reason);
  // As EndCall for a call that is being set up: `why` answers who waits for it.
  absl::Status RefuseCall(store::CallRecord& call, CallEvent event, v1::Call::HangupReason reason,
                          const absl::Status& why);

  // --- recording.cc

  // `node_id`: where the bridge is put if it is nowhere.
  absl::StatusOr<store::RecordingRecord*> StartRecording(store::ConferenceRecord& room,
                                                         const v1::StartRecordingRequest& request,
                                                         const std::string& node_id);
  absl::Status PauseRecording(store::ConferenceRecord& room, bool paused);
  // Without telling of the room.
  absl::Status StopRecording(store::ConferenceRecord& room);
  // The one function through which each change of its status goes. `reason` counts
  // where it fails.
  absl::Status MoveRecording(store::RecordingRecord& recording, RecordingEvent event,
                             v1::Recording::FailureReason reason = v1::Recording::FAILURE_REASON_UNSPECIFIED);
  // The recording as the node has it. `in_order`: by an event or a snapshot, which a
  // reply may have been overtaken by.
  absl::Status SyncRecording(store::RecordingRecord& recording, const media::v1::RecordingState& state, bool in_order);
  // The node will not carry out the command of that revision: RESOURCE_EXHAUSTED, it
  // has as many as it takes.
  absl::Status RefuseRecording(store::RecordingRecord& recording, int64_t revision, absl::StatusCode why);
  absl::Status DeleteRecording(store::RecordingRecord& recording);
  // The files of a deleted one are gone: in the object store, or from its node. With
  // both the row goes.
  void NoteDeletion(store::RecordingRecord& recording, bool of_objects);
  absl::Status FireRecording(store::RecordingRecord& recording);

  // --- transcribe.cc

  absl::StatusOr<store::TranscribeRecord*> StartTranscribe(store::ConferenceRecord& room, const std::string& language,
                                                           const std::string& provider, const std::string& node_id);
  // Without telling of the room.
  absl::Status StopTranscribeOf(store::ConferenceRecord& room);
  absl::Status StopTranscribe(store::TranscribeRecord& transcribe);
  // The one function through which each change of its status goes. `reason` counts
  // where it fails.
  absl::Status MoveTranscribe(store::TranscribeRecord& transcribe, TranscribeEvent event,
                              v1::Transcribe::FailureReason reason = v1::Transcribe::FAILURE_REASON_UNSPECIFIED);
  // The transcription as the node has it. `in_order`: by an event or a snapshot, which
  // come after the texts that were told before.
  absl::Status SyncTranscribe(store::TranscribeRecord& transcribe, const media::v1::TranscriptionState& state,
                              bool in_order);
  absl::Status RefuseTranscribe(store::TranscribeRecord& transcribe, int64_t revision, absl::StatusCode why);
  absl::Status AddTranscript(store::TranscribeRecord& transcribe, const media::v1::TranscriptMade& made);
  // Speech or texts were lost: it is degraded for good.
  void NoteLosses(store::TranscribeRecord& transcribe);
  absl::Status FireTranscribe(store::TranscribeRecord& transcribe);

  // --- flow.cc

  // The time has come that the flow waited for.
  absl::Status Wake(store::CallRecord& call);
  // `rest`: more sounds of the same action follow.
  absl::Status FinishOperation(store::CallRecord& call, const std::string& operation_id, const absl::Status& outcome,
                               bool rest);
  absl::Status TakeDigits(store::CallRecord& call, const std::string& digits);
  // Runs what the step has set free. Once, at its end.
  absl::Status Finish();

 private:
  absl::Status Terminate(store::ConferenceRecord& conference);
  absl::Status EjectAll(store::ConferenceRecord& conference, ParticipantEvent event,
                        v1::Conferencecall::LeaveReason reason);
  absl::Status NoteCoach(const v1::Conferencecall& coach, bool is_heard);
  absl::Status LeaveCoaches(const store::ConferencecallRecord& left);
  // Makes the call a participant that is joining.
  store::ConferencecallRecord* AddParticipant(store::CallRecord& call, store::ConferenceRecord& room,
                                              const flow::JoinRequest& join);
  // Asks for the leg of a joining participant to be attached.
  absl::Status EnterRoom(store::CallRecord& call);
  absl::Status CheckCoachTarget(const v1::Conferencecall& coach);
  // Of a participant that has just joined, or is joined no more.
  void Beep(const store::ConferenceRecord& room, const v1::Conferencecall& participant);
  absl::Status AfterLeave(store::ConferencecallRecord& participant);

  // FAILED_PRECONDITION (RECORDING_NOT_ACTIVE).
  absl::StatusOr<store::RecordingRecord*> FindRecordingOf(const store::ConferenceRecord& room);
  // It is over.
  void EndRecording(store::RecordingRecord& recording);
  void AskForObjectDeletion(store::RecordingRecord& recording);
  // It is no longer the room's.
  absl::Status FreeTranscribe(const store::TranscribeRecord& transcribe);
  // Whether it is late or has losses, and who recognises.
  void SetDegraded(store::TranscribeRecord& transcribe, bool degraded);
  void TakeHealth(store::TranscribeRecord& transcribe, const media::v1::TranscriptionState& state);
  // Nothing is wanted of the node any more.
  void ForgetTranscription(store::TranscribeRecord& transcribe);
  // The participant that the leg was then in the room; empty: none.
  absl::StatusOr<std::string> FindSpeaker(const store::TranscribeRecord& transcribe, const std::string& leg_id,
                                          absl::Time spoke_at);

  absl::Status RunFlow(store::CallRecord& call);
  // On to the next action, noting how this one ended.
  void Advance(store::CallRecord& call, const absl::Status& outcome);
  void SetWake(store::CallRecord& call, absl::Time time);
  // Forgets what the flow waits for.
  void EndWait(store::CallRecord& call);
  // The participant of the flow's conference_join is out of its room.
  absl::Status ResumeAfterLeave(store::CallRecord& call, const store::ConferencecallRecord& participant);
  void StartOperation(store::CallRecord& call, store::FlowOperation operation);
  void JumpTo(store::CallRecord& call, const std::string& target_id);
  absl::StatusOr<bool> PushFlow(store::CallRecord& call, const std::string& flow_id, store::FlowFrame::Kind kind);
  absl::Status TakeMenuDigit(store::CallRecord& call, store::ConferencecallRecord& participant, char digit);
  // What an outcome of an action comes to; true: the flow waits, or is at its end.
  absl::StatusOr<bool> Do(store::CallRecord& call, const flow::Continue& outcome);
  absl::StatusOr<bool> Do(store::CallRecord& call, const flow::Refuse& outcome);
  absl::StatusOr<bool> Do(store::CallRecord& call, const flow::Jump& outcome);
  absl::StatusOr<bool> Do(store::CallRecord& call, const flow::Goto& outcome);
  absl::StatusOr<bool> Do(store::CallRecord& call, const flow::SetVariable& outcome);
  absl::StatusOr<bool> Do(store::CallRecord& call, const flow::JoinRequest& outcome);
  absl::StatusOr<bool> Do(store::CallRecord& call, const flow::Sleep& outcome);
  absl::StatusOr<bool> Do(store::CallRecord& call, const flow::Play& outcome);
  absl::StatusOr<bool> Do(store::CallRecord& call, const flow::Talk& outcome);
  absl::StatusOr<bool> Do(store::CallRecord& call, const flow::ReceiveDigits& outcome);
  absl::StatusOr<bool> Do(store::CallRecord& call, const flow::RunFlow& outcome);
  absl::StatusOr<bool> Do(store::CallRecord& call, const flow::SendRequest& outcome);
  absl::StatusOr<bool> Do(store::CallRecord& call, const flow::Hangup& outcome);
  // `pin_attempts_left` as DigitsWait's.
  absl::StatusOr<bool> BeginDigits(store::CallRecord& call, const flow::ReceiveDigits& digits, int pin_attempts_left);
  absl::StatusOr<bool> EndDigits(store::CallRecord& call, bool timed_out);

  absl::Status FreeIdempotencyKey(store::CallRecord& call);

  Work& work_;
  const flow::Registry& registry_;
  const CoreOptions& options_;
  // Calls whose flow goes on at the end of the step.
  std::set<std::string> resumed_;
};

// The key of a CreateCall.
IdempotencyTable::Key CallKey(const store::CallRecord& call);

inline constexpr char kCreateCallMethod[] = "CreateCall";
inline constexpr char kCreateConferenceMethod[] = "CreateConference";

// The earlier of the state's deadline and the flow's.
void SetDeadline(store::CallRecord& call);

// Adds to what a room has had: its last 1 000 recordings or transcriptions.
void Remember(google::protobuf::RepeatedPtrField<std::string>& history, const std::string& id);

}  // namespace tutti::control

#endif  // CONTROL_RULES_RULES_H_
