#include "control/lifecycles/lifecycles.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "absl/time/time.h"
#include "control/rules/machines.h"
#include "control/rules/options.h"

namespace tutti::control {
namespace {

using CE = ConferenceEvent;
using PE = ParticipantEvent;
using LE = CallEvent;
using RE = RecordingEvent;
using TE = TranscribeEvent;

// An event's word, and what it is that happens.
struct EventText {
  std::string word;
  std::string when;
};

EventText TextOf(CE event) {
  switch (event) {
    case CE::kStart:
      return {"start", "the create's transaction: nobody sees a room that is starting"};
    case CE::kUpdate:
      return {"update", "PUT, PATCH, lock, unlock, mute_all"};
    case CE::kJoin:
      return {"join", "a call wants to enter"};
    case CE::kListen:
      return {"listen", "a recording, a transcription or a media stream begins"};
    case CE::kDelete:
      return {"delete", "DELETE"};
    case CE::kTimeout:
      return {"timeout", "`timeout` seconds have passed since `tm_create`"};
    case CE::kPeerLeft:
      return {"peer left", "one who had joined this `connect` room left it"};
    case CE::kHostLeft:
      return {"host left", "the last host left a room with `end_on_host`"};
    case CE::kEmpty:
      return {"empty", "nobody is joining, joined or leaving any more"};
  }
  return {};
}

EventText TextOf(PE event) {
  switch (event) {
    case PE::kUpdate:
      return {"update", "PATCH, mute_all"};
    case PE::kMove:
      return {"move", "POST of another room"};
    case PE::kAttached:
      return {"attached", "the media plane has the leg in the mix"};
    case PE::kDetached:
      return {"detached", "the media plane has the leg out of the mix"};
    case PE::kKick:
      return {"kick", "DELETE of the conferencecall"};
    case PE::kConferenceEnd:
      return {"conference end", "the room was deleted, its timeout has passed, or its last host left"};
    case PE::kPeerLeft:
      return {"peer left", "the other one of a `connect` room left"};
    case PE::kHealthFailed:
      return {"health failed", "the health check failed three times in a row, or the participant is too old"};
    case PE::kJoinTimeout:
      return {"join timeout", "the deadline of joining"};
    case PE::kLeaveTimeout:
      return {"leave timeout", "the deadline of leaving, or of a room that terminates"};
    case PE::kMediaRefused:
      return {"media refused", "the media plane will not attach or detach the leg"};
    case PE::kCallEnded:
      return {"call ended", "the call hung up, for whatever reason"};
  }
  return {};
}

EventText TextOf(LE event) {
  switch (event) {
    case LE::kAnswered:
      return {"answered", "the media plane has the leg, and the answer is known"};
    case LE::kUpdate:
      return {"update", "hold, mute, and their ends"};
    case LE::kReoffer:
      return {"reoffer", "POST of another offer"};
    case LE::kHangup:
      return {"hangup", "asked for by the API or by the flow, or the flow is at its end"};
    case LE::kMediaTimeout:
      return {"media timeout", "nothing was received for `media_timeout` seconds"};
    case LE::kMediaRefused:
      return {"media refused", "the media plane will not have the leg"};
    case LE::kSetupTimeout:
      return {"setup timeout", "the deadline of dialing and ringing"};
    case LE::kMaxAge:
      return {"max age", "the call is too old"};
    case LE::kLegGone:
      return {"leg gone", "the leg is gone from its media node, or the node is"};
    case LE::kTeardownTimeout:
      return {"teardown timeout", "the deadline of terminating"};
  }
  return {};
}

EventText TextOf(RE event) {
  switch (event) {
    case RE::kRecording:
      return {"recording", "the media node records"};
    case RE::kPaused:
      return {"paused", "the media node leaves out what comes"};
    case RE::kChange:
      return {"change", "recording_pause, recording_resume"};
    case RE::kStop:
      return {"stop", "recording_stop, or the room closes"};
    case RE::kMaxAge:
      return {"max age", "it is too old"};
    case RE::kFinishing:
      return {"finishing", "the media node finishes its files, as it does after `duration_max`"};
    case RE::kEnded:
      return {"ended", "its files are there"};
    case RE::kFailed:
      return {"failed", "the media node could not go on"};
    case RE::kRefused:
      return {"refused", "the media node will not have it"};
    case RE::kNodeLost:
      return {"node lost", "the media node ended, or was out of reach for 15 s"};
    case RE::kTimeout:
      return {"timeout", "the deadlines of initiating and stopping"};
    case RE::kDelete:
      return {"delete", "DELETE of the recording, or its retention is over"};
  }
  return {};
}

EventText TextOf(TE event) {
  switch (event) {
    case TE::kRunning:
      return {"running", "the media node has begun"};
    case TE::kStop:
      return {"stop", "transcribe_stop, the room closes, or it is too old"};
    case TE::kEnded:
      return {"ended", "the media node has told its last text"};
    case TE::kFailed:
      return {"failed", "the speech server refused it or was away for too long"};
    case TE::kRefused:
      return {"refused", "the media node will not have it"};
    case TE::kNodeLost:
      return {"node lost", "the media node ended, or was out of reach for 15 s"};
    case TE::kStartTimeout:
      return {"start timeout", "the media node has not begun in time"};
    case TE::kStopTimeout:
      return {"stop timeout", "the last text has not come in time"};
    case TE::kDelete:
      return {"delete", "DELETE of the transcription, or its retention is over"};
  }
  return {};
}

template <typename Resource>
std::vector<std::string> StatusWords() {
  std::vector<std::string> words;
  const auto* statuses = Resource::Status_descriptor();
  for (int i = 1; i < statuses->value_count(); ++i) words.push_back(Word(statuses->value(i)->name(), "STATUS_"));
  return words;
}

template <typename Resource>
std::string StatusWord(typename Resource::Status status) {
  return Word(Resource::Status_Name(status), "STATUS_");
}

template <typename Resource, typename State, typename Event>
std::string Diagram(absl::Span<const Transition<State, Event>> table, const std::string& first) {
  // One arrow for each pair of states, with all that leads along it.
  std::map<std::pair<State, State>, std::vector<std::string>> arrows;
  std::set<State> left;
  for (const auto& line : table) {
    if (line.from == line.to) continue;
    arrows[{line.from, line.to}].push_back(TextOf(line.event).word);
    left.insert(line.from);
  }
  std::string text = absl::StrCat("```mermaid\nstateDiagram-v2\n  [*] --> ", first, "\n");
  std::set<State> last;
  for (const auto& [states, events] : arrows) {
    absl::StrAppend(&text, "  ", StatusWord<Resource>(states.first), " --> ", StatusWord<Resource>(states.second), ": ",
                    absl::StrJoin(events, ", "), "\n");
    if (!left.contains(states.second)) last.insert(states.second);
  }
  for (const State state : last) absl::StrAppend(&text, "  ", StatusWord<Resource>(state), " --> [*]\n");
  return absl::StrCat(text, "```\n\n");
}

template <typename Resource, typename State, typename Event>
std::string Table(absl::Span<const Transition<State, Event>> table, Event last_event) {
  const std::vector<std::string> words = StatusWords<Resource>();
  std::string text = absl::StrCat("| event | ", absl::StrJoin(words, " | "), " |\n|---|");
  for (size_t i = 0; i < words.size(); ++i) absl::StrAppend(&text, "---|");
  absl::StrAppend(&text, "\n");
  const auto* statuses = Resource::Status_descriptor();
  for (int e = 0; e <= static_cast<int>(last_event); ++e) {
    const Event event = static_cast<Event>(e);
    const EventText event_text = TextOf(event);
    absl::StrAppend(&text, "| **", event_text.word, "**: ", event_text.when, " |");
    for (int s = 1; s < statuses->value_count(); ++s) {
      const State state = static_cast<State>(statuses->value(s)->number());
      const auto next = FindNext<State, Event>(table, state, event);
      const std::string cell = !next.has_value() ? "✗" : *next == state ? "·" : StatusWord<Resource>(*next);
      absl::StrAppend(&text, " ", cell, " |");
    }
    absl::StrAppend(&text, "\n");
  }
  return absl::StrCat(text, "\n");
}

std::string LongTime(absl::Duration duration) {
  if (duration >= absl::Hours(1)) return absl::StrCat(duration / absl::Hours(1), " h");
  if (duration >= absl::Minutes(5)) return absl::StrCat(duration / absl::Minutes(1), " min");
  return absl::StrCat(duration / absl::Seconds(1), " s");
}

// A table of all values of an enum; `texts` says when each happens.
std::string Reasons(const google::protobuf::EnumDescriptor& reasons, const std::string& prefix,
                    const std::string& title, const std::map<std::string, std::string>& texts) {
  std::string text = absl::StrCat("| `", title, "` | when |\n|---|---|\n");
  for (int i = 1; i < reasons.value_count(); ++i) {
    const std::string word = Word(reasons.value(i)->name(), prefix);
    const auto when = texts.find(word);
    if (when == texts.end()) {
      std::fprintf(stderr, "control/lifecycles/lifecycles.cc does not say when %s is %s\n", title.c_str(),
                   word.c_str());
      std::exit(1);
    }
    absl::StrAppend(&text, "| `", word, "` | ", when->second, " |\n");
  }
  return absl::StrCat(text, "\n");
}

constexpr char kHead[] = R"(# Life cycles

Drawn from the state tables of `control/rules/machines.cc`; written by `bazel run //control/lifecycles > docs/lifecycles.md`.

No state ever goes back, but for a recording that goes on after a pause. In the tables a word is the state after the event, `·` says that the event is legal and changes nothing,
`✗` that it is refused: FAILED_PRECONDITION (HTTP 409), reason `STATE_INVALID`, with the resource and its state. What a media node reports is
legal in every state. All that an event changes, and the events that tell of it, is one transaction.

)";

// $0 health failures, $1 joining, $2 leaving, $3 age, $4 terminating, $5 setup, $6 teardown.
constexpr char kConference[] =
    R"(A `POST` answers a room that is `progressing` already. On its way to `terminating` everybody who is joining or joined is ejected;
an empty room is `terminated` in the same transaction, another one by the last who leaves. `tm_end` is when it began to close, `tm_delete` when it was terminated:
then `conference_deleted` is told, once.

| state | deadline | what happens then |
|---|---|---|
| `progressing` | `timeout` seconds from `tm_create`, PUT and PATCH count from there, too; 0: none | `timeout` |
| `terminating` | $4 from `tm_end` | who has not left by then is `leaved`, and the room `terminated` |

)";

constexpr char kParticipant[] =
    R"(A hang-up goes straight to `leaved`, all else that ends a participant's stay through `leaving`, until the media plane has its leg out of the mix. Whenever one
who had joined a `connect` room leaves it, the other is ejected and the room closes. The call goes on with its flow's next action once its participant is `leaved`.

| state | deadline | what happens then |
|---|---|---|
| `joining` | $1 from `tm_create` | `join timeout` |
| `joined` | $3 from `tm_create` | `health failed` |
| `leaving` | $2 | `leave timeout` |

Every 5 s a sweep asks of each participant that is joining or joined: is its call `progressing`, is its room `progressing`, is it younger than $3? One that
fails $0 sweeps in a row (the first and two more) is removed with `health failed`; a sweep that it passes counts from zero again. A media node out of reach is not a failure.

)";

constexpr char kCall[] =
    R"(A call of type `rtp` is `ringing` until the media plane has its leg: the `POST` answers then. Its participant is `leaved` as soon as
the call begins to end; `tm_hangup` is when its leg was gone.

| state | deadline | what happens then |
|---|---|---|
| `dialing`, `ringing` | $5 from `tm_create` | `setup timeout` |
| `progressing` | $3 from `tm_create` | `max age` |
| `terminating` | $6 | `teardown timeout`: the leg is removed when its node is in reach again |

)";

// $7 recording start, $8 recording stop.
constexpr char kRecording[] =
    R"(The room's `recording_id` is a recording that is `initiating`, `recording` or `paused`; `recording_start` and `recording_stop` answer before the media node has
done so. `tm_start` and `tm_end` are of the sound. One that has failed takes over what its node tells later of the files that it has kept.

| state | deadline | what happens then |
|---|---|---|
| `initiating` | $7 from `tm_create` | `timeout` |
| `recording`, `paused` | $3 from its beginning | `max age` |
| `stopping` | $8 | `timeout` |

)";

// $0 start, $1 age, $2 stop.
constexpr char kTranscribe[] =
    R"(The room's `transcribe_id` is a transcription that is `progressing` and was not stopped. After its stop it stays `progressing` until its last text has come.

| state | deadline | what happens then |
|---|---|---|
| `progressing`, not begun | $0 from `tm_create` | `start timeout` |
| `progressing` | $1 from `tm_create` | `stop` |
| `progressing`, stopped | $2 | `stop timeout`, `degraded` |

)";

std::string WithTimes(const char* text) {
  const CoreOptions options;
  return absl::Substitute(text, options.health_failures_max, LongTime(options.joining_timeout),
                          LongTime(options.leaving_timeout), LongTime(options.age_max),
                          LongTime(options.terminating_timeout), LongTime(options.setup_timeout),
                          LongTime(options.teardown_timeout), LongTime(options.recording_start_timeout),
                          LongTime(options.recording_stop_timeout));
}

std::string WithTranscribeTimes(const char* text) {
  const CoreOptions options;
  return absl::Substitute(text, LongTime(options.transcribe_start_timeout), LongTime(options.age_max),
                          LongTime(options.transcribe_stop_timeout));
}

}  // namespace

std::string WriteLifecycles() {
  return absl::StrCat(kHead, "## Conference\n\n", Diagram<v1::Conference>(ConferenceTransitions(), "starting"),
                      Table<v1::Conference>(ConferenceTransitions(), CE::kEmpty), WithTimes(kConference),
                      Reasons(*v1::Conference::EndReason_descriptor(), "END_REASON_", "end_reason",
                              {{"deleted", "DELETE"},
                               {"timeout", "its `timeout` has passed"},
                               {"participant_left", "a `connect` room that one who had joined has left"},
                               {"host_left", "a room with `end_on_host` that its last host has left"}}),
                      "## Conferencecall\n\n", Diagram<v1::Conferencecall>(ParticipantTransitions(), "joining"),
                      Table<v1::Conferencecall>(ParticipantTransitions(), PE::kCallEnded), WithTimes(kParticipant),
                      Reasons(*v1::Conferencecall::LeaveReason_descriptor(), "LEAVE_REASON_", "leave_reason",
                              {{"hangup", "the call ended: by the API, its flow, or its age"},
                               {"kicked", "DELETE of the conferencecall"},
                               {"conference_ended", "the room has ended, for whatever reason"},
                               {"peer_left", "the other one of a `connect` room left"},
                               {"media_timeout", "the call ended because nothing was received from the caller"},
                               {"media_node_lost", "the media node ended, or was out of reach for 15 s"},
                               {"join_timeout", "it was not attached to the mix in time"},
                               {"health_check", "it failed its health check, or was too old"},
                               {"media_failed", "the media plane refused or lost the leg"},
                               {"moved", "the API moved it to another room"},
                               {"left", "by the digits of the room's menu"}}),
                      "## Call\n\n", Diagram<v1::Call>(CallTransitions(), "ringing"),
                      Table<v1::Call>(CallTransitions(), LE::kTeardownTimeout), WithTimes(kCall),
                      Reasons(*v1::Call::HangupReason_descriptor(), "HANGUP_REASON_", "hangup_reason",
                              {{"normal", "asked for by the API, or by the action `hangup`"},
                               {"flow_ended", "the flow had no action left"},
                               {"flow_limit", "the flow ran 10 000 actions, or 1 000 at once"},
                               {"media_timeout", "nothing was received for `media_timeout` seconds"},
                               {"media_node_lost", "the media node ended, or was out of reach for 15 s"},
                               {"media_failed", "the media plane refused or lost the leg"},
                               {"setup_timeout", "it was not answered in time"},
                               {"max_age", "it was too old"},
                               {"stream_closed", "the program at its media stream has gone, or never came"}}),
                      "## Recording\n\n", Diagram<v1::Recording>(RecordingTransitions(), "initiating"),
                      Table<v1::Recording>(RecordingTransitions(), RE::kDelete), WithTimes(kRecording),
                      Reasons(*v1::Recording::FailureReason_descriptor(), "FAILURE_REASON_", "failure_reason",
                              {{"disk_full", "the media node's disk was full"},
                               {"disk_failed", "the disk refused a write"},
                               {"disk_slow", "more than 10 s of sound waited for the disk"},
                               {"media_node_lost", "the media node ended, or was out of reach for 15 s"},
                               {"media_failed", "the media node refused it, or did not begin or end it in time"},
                               {"conversion_failed", "the WAV files are there, the format that was wanted is not"},
                               {"media_node_busy", "the media node has as many as it takes"}}),
                      "## Transcribe\n\n", Diagram<v1::Transcribe>(TranscribeTransitions(), "progressing"),
                      Table<v1::Transcribe>(TranscribeTransitions(), TE::kDelete), WithTranscribeTimes(kTranscribe),
                      Reasons(*v1::Transcribe::FailureReason_descriptor(), "FAILURE_REASON_", "failure_reason",
                              {{"media_node_lost", "the media node ended, or was out of reach for 15 s"},
                               {"media_failed", "the media node refused it, or did not begin it in time"},
                               {"speech_failed", "the speech server refused it, or was away for too long"},
                               {"media_node_busy", "the media node has as many as it takes"}}));
}

}  // namespace tutti::control
