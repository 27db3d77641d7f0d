#include "control/rules/machines.h"

namespace tutti::control {
namespace {

using C = v1::Conference;
using P = v1::Conferencecall;
using L = v1::Call;
using R = v1::Recording;
using T = v1::Transcribe;
using CE = ConferenceEvent;
using PE = ParticipantEvent;
using LE = CallEvent;
using RE = RecordingEvent;
using TE = TranscribeEvent;

constexpr ConferenceTransition kConference[] = {
    {C::STATUS_STARTING, CE::kStart, C::STATUS_PROGRESSING},
    {C::STATUS_STARTING, CE::kDelete, C::STATUS_TERMINATING},

    {C::STATUS_PROGRESSING, CE::kUpdate, C::STATUS_PROGRESSING},
    {C::STATUS_PROGRESSING, CE::kJoin, C::STATUS_PROGRESSING},
    {C::STATUS_PROGRESSING, CE::kListen, C::STATUS_PROGRESSING},
    {C::STATUS_PROGRESSING, CE::kDelete, C::STATUS_TERMINATING},
    {C::STATUS_PROGRESSING, CE::kTimeout, C::STATUS_TERMINATING},
    {C::STATUS_PROGRESSING, CE::kPeerLeft, C::STATUS_TERMINATING},
    {C::STATUS_PROGRESSING, CE::kHostLeft, C::STATUS_TERMINATING},

    {C::STATUS_TERMINATING, CE::kDelete, C::STATUS_TERMINATING},
    {C::STATUS_TERMINATING, CE::kPeerLeft, C::STATUS_TERMINATING},
    {C::STATUS_TERMINATING, CE::kHostLeft, C::STATUS_TERMINATING},
    {C::STATUS_TERMINATING, CE::kEmpty, C::STATUS_TERMINATED},

    {C::STATUS_TERMINATED, CE::kDelete, C::STATUS_TERMINATED},
};

constexpr ParticipantTransition kParticipant[] = {
    {P::STATUS_JOINING, PE::kUpdate, P::STATUS_JOINING},
    {P::STATUS_JOINING, PE::kAttached, P::STATUS_JOINED},
    {P::STATUS_JOINING, PE::kDetached, P::STATUS_LEAVED},
    {P::STATUS_JOINING, PE::kKick, P::STATUS_LEAVING},
    {P::STATUS_JOINING, PE::kConferenceEnd, P::STATUS_LEAVING},
    {P::STATUS_JOINING, PE::kPeerLeft, P::STATUS_LEAVING},
    {P::STATUS_JOINING, PE::kHealthFailed, P::STATUS_LEAVING},
    {P::STATUS_JOINING, PE::kJoinTimeout, P::STATUS_LEAVING},
    {P::STATUS_JOINING, PE::kMediaRefused, P::STATUS_LEAVED},
    {P::STATUS_JOINING, PE::kCallEnded, P::STATUS_LEAVED},

    {P::STATUS_JOINED, PE::kUpdate, P::STATUS_JOINED},
    {P::STATUS_JOINED, PE::kMove, P::STATUS_LEAVING},
    {P::STATUS_JOINED, PE::kAttached, P::STATUS_JOINED},
    {P::STATUS_JOINED, PE::kDetached, P::STATUS_LEAVED},
    {P::STATUS_JOINED, PE::kKick, P::STATUS_LEAVING},
    {P::STATUS_JOINED, PE::kConferenceEnd, P::STATUS_LEAVING},
    {P::STATUS_JOINED, PE::kPeerLeft, P::STATUS_LEAVING},
    {P::STATUS_JOINED, PE::kHealthFailed, P::STATUS_LEAVING},
    {P::STATUS_JOINED, PE::kMediaRefused, P::STATUS_LEAVED},
    {P::STATUS_JOINED, PE::kCallEnded, P::STATUS_LEAVED},

    {P::STATUS_LEAVING, PE::kAttached, P::STATUS_LEAVING},
    {P::STATUS_LEAVING, PE::kDetached, P::STATUS_LEAVED},
    {P::STATUS_LEAVING, PE::kKick, P::STATUS_LEAVING},
    {P::STATUS_LEAVING, PE::kConferenceEnd, P::STATUS_LEAVING},
    {P::STATUS_LEAVING, PE::kPeerLeft, P::STATUS_LEAVING},
    {P::STATUS_LEAVING, PE::kHealthFailed, P::STATUS_LEAVING},
    {P::STATUS_LEAVING, PE::kLeaveTimeout, P::STATUS_LEAVED},
    {P::STATUS_LEAVING, PE::kMediaRefused, P::STATUS_LEAVED},
    {P::STATUS_LEAVING, PE::kCallEnded, P::STATUS_LEAVED},

    {P::STATUS_LEAVED, PE::kAttached, P::STATUS_LEAVED},
    {P::STATUS_LEAVED, PE::kDetached, P::STATUS_LEAVED},
    {P::STATUS_LEAVED, PE::kKick, P::STATUS_LEAVED},
    {P::STATUS_LEAVED, PE::kConferenceEnd, P::STATUS_LEAVED},
    {P::STATUS_LEAVED, PE::kPeerLeft, P::STATUS_LEAVED},
    {P::STATUS_LEAVED, PE::kHealthFailed, P::STATUS_LEAVED},
    {P::STATUS_LEAVED, PE::kMediaRefused, P::STATUS_LEAVED},
    {P::STATUS_LEAVED, PE::kCallEnded, P::STATUS_LEAVED},
};

constexpr CallTransition kCall[] = {
    {L::STATUS_DIALING, LE::kAnswered, L::STATUS_PROGRESSING},
    {L::STATUS_DIALING, LE::kHangup, L::STATUS_TERMINATING},
    {L::STATUS_DIALING, LE::kMediaTimeout, L::STATUS_DIALING},
    {L::STATUS_DIALING, LE::kMediaRefused, L::STATUS_HANGUP},
    {L::STATUS_DIALING, LE::kSetupTimeout, L::STATUS_TERMINATING},
    {L::STATUS_DIALING, LE::kLegGone, L::STATUS_HANGUP},

    {L::STATUS_RINGING, LE::kAnswered, L::STATUS_PROGRESSING},
    {L::STATUS_RINGING, LE::kHangup, L::STATUS_TERMINATING},
    {L::STATUS_RINGING, LE::kMediaTimeout, L::STATUS_RINGING},
    {L::STATUS_RINGING, LE::kMediaRefused, L::STATUS_HANGUP},
    {L::STATUS_RINGING, LE::kSetupTimeout, L::STATUS_TERMINATING},
    {L::STATUS_RINGING, LE::kLegGone, L::STATUS_HANGUP},

    {L::STATUS_PROGRESSING, LE::kAnswered, L::STATUS_PROGRESSING},
    {L::STATUS_PROGRESSING, LE::kUpdate, L::STATUS_PROGRESSING},
    {L::STATUS_PROGRESSING, LE::kReoffer, L::STATUS_PROGRESSING},
    {L::STATUS_PROGRESSING, LE::kHangup, L::STATUS_TERMINATING},
    {L::STATUS_PROGRESSING, LE::kMediaTimeout, L::STATUS_TERMINATING},
    {L::STATUS_PROGRESSING, LE::kMediaRefused, L::STATUS_TERMINATING},
    {L::STATUS_PROGRESSING, LE::kMaxAge, L::STATUS_TERMINATING},
    {L::STATUS_PROGRESSING, LE::kLegGone, L::STATUS_HANGUP},

    {L::STATUS_TERMINATING, LE::kAnswered, L::STATUS_TERMINATING},
    {L::STATUS_TERMINATING, LE::kHangup, L::STATUS_TERMINATING},
    {L::STATUS_TERMINATING, LE::kMediaTimeout, L::STATUS_TERMINATING},
    {L::STATUS_TERMINATING, LE::kMediaRefused, L::STATUS_HANGUP},
    {L::STATUS_TERMINATING, LE::kLegGone, L::STATUS_HANGUP},
    {L::STATUS_TERMINATING, LE::kTeardownTimeout, L::STATUS_HANGUP},

    {L::STATUS_HANGUP, LE::kAnswered, L::STATUS_HANGUP},
    {L::STATUS_HANGUP, LE::kHangup, L::STATUS_HANGUP},
    {L::STATUS_HANGUP, LE::kMediaTimeout, L::STATUS_HANGUP},
    {L::STATUS_HANGUP, LE::kMediaRefused, L::STATUS_HANGUP},
    {L::STATUS_HANGUP, LE::kLegGone, L::STATUS_HANGUP},
};

constexpr RecordingTransition kRecording[] = {
    {R::STATUS_INITIATING, RE::kRecording, R::STATUS_RECORDING},
    {R::STATUS_INITIATING, RE::kPaused, R::STATUS_PAUSED},
    {R::STATUS_INITIATING, RE::kChange, R::STATUS_INITIATING},
    {R::STATUS_INITIATING, RE::kStop, R::STATUS_STOPPING},
    {R::STATUS_INITIATING, RE::kFinishing, R::STATUS_STOPPING},
    {R::STATUS_INITIATING, RE::kEnded, R::STATUS_ENDED},
    {R::STATUS_INITIATING, RE::kFailed, R::STATUS_FAILED},
    {R::STATUS_INITIATING, RE::kRefused, R::STATUS_FAILED},
    {R::STATUS_INITIATING, RE::kNodeLost, R::STATUS_FAILED},
    {R::STATUS_INITIATING, RE::kTimeout, R::STATUS_FAILED},

    {R::STATUS_RECORDING, RE::kRecording, R::STATUS_RECORDING},
    {R::STATUS_RECORDING, RE::kPaused, R::STATUS_PAUSED},
    {R::STATUS_RECORDING, RE::kChange, R::STATUS_RECORDING},
    {R::STATUS_RECORDING, RE::kStop, R::STATUS_STOPPING},
    {R::STATUS_RECORDING, RE::kMaxAge, R::STATUS_STOPPING},
    {R::STATUS_RECORDING, RE::kFinishing, R::STATUS_STOPPING},
    {R::STATUS_RECORDING, RE::kEnded, R::STATUS_ENDED},
    {R::STATUS_RECORDING, RE::kFailed, R::STATUS_FAILED},
    {R::STATUS_RECORDING, RE::kRefused, R::STATUS_FAILED},
    {R::STATUS_RECORDING, RE::kNodeLost, R::STATUS_FAILED},

    {R::STATUS_PAUSED, RE::kRecording, R::STATUS_RECORDING},
    {R::STATUS_PAUSED, RE::kPaused, R::STATUS_PAUSED},
    {R::STATUS_PAUSED, RE::kChange, R::STATUS_PAUSED},
    {R::STATUS_PAUSED, RE::kStop, R::STATUS_STOPPING},
    {R::STATUS_PAUSED, RE::kMaxAge, R::STATUS_STOPPING},
    {R::STATUS_PAUSED, RE::kFinishing, R::STATUS_STOPPING},
    {R::STATUS_PAUSED, RE::kEnded, R::STATUS_ENDED},
    {R::STATUS_PAUSED, RE::kFailed, R::STATUS_FAILED},
    {R::STATUS_PAUSED, RE::kRefused, R::STATUS_FAILED},
    {R::STATUS_PAUSED, RE::kNodeLost, R::STATUS_FAILED},

    {R::STATUS_STOPPING, RE::kRecording, R::STATUS_STOPPING},
    {R::STATUS_STOPPING, RE::kPaused, R::STATUS_STOPPING},
    {R::STATUS_STOPPING, RE::kFinishing, R::STATUS_STOPPING},
    {R::STATUS_STOPPING, RE::kEnded, R::STATUS_ENDED},
    {R::STATUS_STOPPING, RE::kFailed, R::STATUS_FAILED},
    {R::STATUS_STOPPING, RE::kRefused, R::STATUS_FAILED},
    {R::STATUS_STOPPING, RE::kNodeLost, R::STATUS_FAILED},
    {R::STATUS_STOPPING, RE::kTimeout, R::STATUS_FAILED},

    {R::STATUS_ENDED, RE::kRecording, R::STATUS_ENDED},
    {R::STATUS_ENDED, RE::kPaused, R::STATUS_ENDED},
    {R::STATUS_ENDED, RE::kFinishing, R::STATUS_ENDED},
    {R::STATUS_ENDED, RE::kEnded, R::STATUS_ENDED},
    {R::STATUS_ENDED, RE::kFailed, R::STATUS_ENDED},
    {R::STATUS_ENDED, RE::kRefused, R::STATUS_ENDED},
    {R::STATUS_ENDED, RE::kNodeLost, R::STATUS_ENDED},
    {R::STATUS_ENDED, RE::kDelete, R::STATUS_ENDED},

    {R::STATUS_FAILED, RE::kRecording, R::STATUS_FAILED},
    {R::STATUS_FAILED, RE::kPaused, R::STATUS_FAILED},
    {R::STATUS_FAILED, RE::kFinishing, R::STATUS_FAILED},
    {R::STATUS_FAILED, RE::kEnded, R::STATUS_FAILED},
    {R::STATUS_FAILED, RE::kFailed, R::STATUS_FAILED},
    {R::STATUS_FAILED, RE::kRefused, R::STATUS_FAILED},
    {R::STATUS_FAILED, RE::kNodeLost, R::STATUS_FAILED},
    {R::STATUS_FAILED, RE::kDelete, R::STATUS_FAILED},
};

constexpr TranscribeTransition kTranscribe[] = {
    {T::STATUS_PROGRESSING, TE::kRunning, T::STATUS_PROGRESSING},
    {T::STATUS_PROGRESSING, TE::kStop, T::STATUS_PROGRESSING},
    {T::STATUS_PROGRESSING, TE::kEnded, T::STATUS_DONE},
    {T::STATUS_PROGRESSING, TE::kFailed, T::STATUS_FAILED},
    {T::STATUS_PROGRESSING, TE::kRefused, T::STATUS_FAILED},
    {T::STATUS_PROGRESSING, TE::kNodeLost, T::STATUS_FAILED},
    {T::STATUS_PROGRESSING, TE::kStartTimeout, T::STATUS_FAILED},
    {T::STATUS_PROGRESSING, TE::kStopTimeout, T::STATUS_DONE},

    {T::STATUS_DONE, TE::kRunning, T::STATUS_DONE},
    {T::STATUS_DONE, TE::kEnded, T::STATUS_DONE},
    {T::STATUS_DONE, TE::kFailed, T::STATUS_DONE},
    {T::STATUS_DONE, TE::kRefused, T::STATUS_DONE},
    {T::STATUS_DONE, TE::kNodeLost, T::STATUS_DONE},
    {T::STATUS_DONE, TE::kDelete, T::STATUS_DONE},

    {T::STATUS_FAILED, TE::kRunning, T::STATUS_FAILED},
    {T::STATUS_FAILED, TE::kEnded, T::STATUS_FAILED},
    {T::STATUS_FAILED, TE::kFailed, T::STATUS_FAILED},
    {T::STATUS_FAILED, TE::kRefused, T::STATUS_FAILED},
    {T::STATUS_FAILED, TE::kNodeLost, T::STATUS_FAILED},
    {T::STATUS_FAILED, TE::kDelete, T::STATUS_FAILED},
};

std::string Verb(CE event) {
  switch (event) {
    case CE::kStart:
      return "start";
    case CE::kUpdate:
      return "be changed";
    case CE::kJoin:
      return "be joined";
    case CE::kListen:
      return "be listened to";
    case CE::kDelete:
      return "be deleted";
    case CE::kTimeout:
      return "time out";
    case CE::kPeerLeft:
      return "be left";
    case CE::kHostLeft:
      return "be left by its host";
    case CE::kEmpty:
      return "be terminated";
  }
  return "";
}

std::string Verb(PE event) {
  switch (event) {
    case PE::kUpdate:
      return "be changed";
    case PE::kMove:
      return "be moved";
    case PE::kAttached:
      return "join";
    case PE::kDetached:
      return "leave";
    case PE::kKick:
      return "be kicked";
    case PE::kConferenceEnd:
    case PE::kPeerLeft:
      return "be ejected";
    case PE::kHealthFailed:
      return "fail its health check";
    case PE::kJoinTimeout:
      return "time out of joining";
    case PE::kLeaveTimeout:
      return "time out of leaving";
    case PE::kMediaRefused:
      return "be refused";
    case PE::kCallEnded:
      return "hang up";
  }
  return "";
}

std::string Verb(LE event) {
  switch (event) {
    case LE::kAnswered:
      return "be answered";
    case LE::kUpdate:
      return "be changed";
    case LE::kReoffer:
      return "take another offer";
    case LE::kHangup:
      return "be hung up";
    case LE::kMediaTimeout:
      return "lose its media";
    case LE::kMediaRefused:
      return "be refused";
    case LE::kSetupTimeout:
      return "time out of ringing";
    case LE::kMaxAge:
      return "be too old";
    case LE::kLegGone:
      return "lose its leg";
    case LE::kTeardownTimeout:
      return "time out of terminating";
  }
  return "";
}

std::string Verb(RE event) {
  switch (event) {
    case RE::kRecording:
      return "begin";
    case RE::kPaused:
      return "pause";
    case RE::kChange:
      return "be paused or resumed";
    case RE::kStop:
      return "be stopped";
    case RE::kMaxAge:
      return "be too old";
    case RE::kFinishing:
      return "finish its files";
    case RE::kEnded:
      return "end";
    case RE::kFailed:
      return "fail";
    case RE::kRefused:
      return "be refused";
    case RE::kNodeLost:
      return "lose its media node";
    case RE::kTimeout:
      return "time out";
    case RE::kDelete:
      return "be deleted";
  }
  return "";
}

std::string Verb(TE event) {
  switch (event) {
    case TE::kRunning:
      return "begin";
    case TE::kStop:
      return "be stopped";
    case TE::kEnded:
      return "end";
    case TE::kFailed:
      return "fail";
    case TE::kRefused:
      return "be refused";
    case TE::kNodeLost:
      return "lose its media node";
    case TE::kStartTimeout:
      return "time out of starting";
    case TE::kStopTimeout:
      return "time out of stopping";
    case TE::kDelete:
      return "be deleted";
  }
  return "";
}

template <typename State, typename Event, typename Resource>
absl::StatusOr<State> NextOf(absl::Span<const Transition<State, Event>> table, const Resource& resource, Event event,
                             const char* name) {
  if (auto next = FindNext<State, Event>(table, resource.status(), event)) return *next;
  return IllegalTransition(name, resource.id(), Word(Resource::Status_Name(resource.status()), "STATUS_"), Verb(event));
}

}  // namespace

absl::Span<const ConferenceTransition> ConferenceTransitions() { return kConference; }
absl::Span<const ParticipantTransition> ParticipantTransitions() { return kParticipant; }
absl::Span<const CallTransition> CallTransitions() { return kCall; }
absl::Span<const RecordingTransition> RecordingTransitions() { return kRecording; }
absl::Span<const TranscribeTransition> TranscribeTransitions() { return kTranscribe; }

absl::StatusOr<v1::Conference::Status> Next(const v1::Conference& conference, ConferenceEvent event) {
  return NextOf(ConferenceTransitions(), conference, event, "conference");
}

absl::StatusOr<v1::Conferencecall::Status> Next(const v1::Conferencecall& conferencecall, ParticipantEvent event) {
  return NextOf(ParticipantTransitions(), conferencecall, event, "conferencecall");
}

absl::StatusOr<v1::Call::Status> Next(const v1::Call& call, CallEvent event) {
  return NextOf(CallTransitions(), call, event, "call");
}

absl::StatusOr<v1::Recording::Status> Next(const v1::Recording& recording, RecordingEvent event) {
  return NextOf(RecordingTransitions(), recording, event, "recording");
}

absl::StatusOr<v1::Transcribe::Status> Next(const v1::Transcribe& transcribe, TranscribeEvent event) {
  return NextOf(TranscribeTransitions(), transcribe, event, "transcribe");
}

}  // namespace tutti::control
