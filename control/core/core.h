#ifndef CONTROL_CORE_CORE_H_
#define CONTROL_CORE_CORE_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/id/id.h"
#include "common/status/status.h"
#include "control/core/media.h"
#include "control/core/principal.h"
#include "control/store/store.h"
#include "tutti/control/v1/call.pb.h"
#include "tutti/control/v1/conference.pb.h"
#include "tutti/control/v1/conferencecall.pb.h"
#include "tutti/control/v1/event.pb.h"
#include "tutti/control/v1/flow.pb.h"
#include "tutti/control/v1/recording.pb.h"
#include "tutti/control/v1/sound.pb.h"
#include "tutti/control/v1/transcribe.pb.h"
#include "tutti/control/v1/webhook.pb.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::control {

// A provider of texts.
struct SpeechRecognizer {
  std::string provider;
  // BCP 47.
  std::vector<std::string> languages;
};

// Every rule of conferences, conferencecalls, calls, recordings and transcriptions. Starts no thread and
// waits for nothing: a method that changes something submits one step to the
// store and calls `done` from the store's thread after the commit (and after
// the commit's effects went to the sink); a method that reads answers at once.
// Whoever schedules (threads, or a test) calls RunDue, SweepHealth, Reconcile
// and Purge. Thread-safe.
class Core {
 public:
  template <typename T>
  using Done = std::function<void(absl::StatusOr<T>)>;
  using DoneStatus = std::function<void(absl::Status)>;

  // Limits and intervals; the defaults are the product's.
  struct Options {
    absl::Duration setup_timeout = absl::Seconds(30);
    absl::Duration joining_timeout = absl::Seconds(30);
    absl::Duration pre_flow_timeout = absl::Minutes(10);
    // An operation that a flow waits for is asked for again, first and later;
    // whoever died may have had it.
    absl::Duration operation_repeat_after = absl::Seconds(5);
    absl::Duration operation_repeat_interval = absl::Seconds(60);
    // Of a webhook_send: as long as its request may take, and more.
    absl::Duration send_repeat_after = absl::Seconds(15);
    absl::Duration send_timeout = absl::Seconds(45);
    // Of one sound, its way to the node included.
    absl::Duration play_timeout = absl::Minutes(20);
    absl::Duration leaving_timeout = absl::Seconds(10);
    absl::Duration teardown_timeout = absl::Seconds(10);
    absl::Duration terminating_timeout = absl::Seconds(20);
    absl::Duration age_max = absl::Hours(24);
    absl::Duration recording_start_timeout = absl::Seconds(30);
    // Of finishing its files: 24 hours of sound may wait to become another format.
    absl::Duration recording_stop_timeout = absl::Hours(2);
    absl::Duration transcribe_start_timeout = absl::Seconds(30);
    // A media node gives its last texts up earlier.
    absl::Duration transcribe_stop_timeout = absl::Seconds(60);
    // Of recordings and transcriptions, with files and texts, from their end.
    absl::Duration recording_retention = absl::Hours(24 * 30);
    // Media nodes bring their files to an object store.
    bool recordings_uploaded = false;
    // Of one transcription.
    int64_t transcripts_max = 100'000;
    // What the speech server recognises, in the order in which it tries; `done` may be
    // called at once or later, from any thread. UNAVAILABLE (SPEECH_UNAVAILABLE).
    using RecognizersDone = std::function<void(absl::StatusOr<std::vector<SpeechRecognizer>>)>;
    std::function<void(RecognizersDone done)> list_recognizers = [](const RecognizersDone& done) {
      done(Error(absl::StatusCode::kUnavailable, "SPEECH_UNAVAILABLE", "there is no speech server"));
    };
    absl::Duration stray_age_min = absl::Seconds(30);
    absl::Duration repeat_after = absl::Seconds(2);
    // Commands older than this are left to the node's next reconcile.
    absl::Duration repeat_until = absl::Minutes(1);
    // Between two replicas' clocks at most.
    absl::Duration clock_difference_max = absl::Seconds(1);
    absl::Duration idempotency_retention = absl::Hours(24);
    absl::Duration event_retention = absl::Hours(24 * 7);
    absl::Duration row_retention = absl::Hours(24 * 30);
    // What who is on hold hears, and who waits for the host, as media nodes name it;
    // empty: silence.
    std::string hold_sound = "hold_music";
    // Failed checks in a row until a participant is removed.
    int health_failures_max = 3;
    // Says whether a URL may be called, as HttpClient::CheckUrl does.
    std::function<absl::Status(const std::string&)> check_url = [](const std::string&) { return absl::OkStatus(); };
    // Rows that one due scan, sweep or purge deals with at most.
    int batch_max = 500;
  };

  // The text of an answer, from the media plane's description of it; `version`
  // goes up from 1 with each answer of a call (RFC 3264 section 8).
  using AnswerWriter = std::function<absl::StatusOr<std::string>(const media::v1::MediaDescription& answer,
                                                                 const std::string& call_id, int64_t version)>;

  // All references must outlive the core, and the core every `done`.
  Core(Store& store, Clock& clock, IdGenerator& ids, NodePicker& nodes, EffectSink& sink, AnswerWriter answer_writer,
       Options options);
  ~Core();

  // Reads what page tokens and cursors are signed with. Once, before the rest.
  absl::Status Start();

  // --- Requests. Errors are those of the services' comments. An empty
  // idempotency key means none.

  void CreateConference(const Principal& principal, const v1::CreateConferenceRequest& request,
                        const std::string& idempotency_key, Done<v1::Conference> done);
  absl::StatusOr<v1::Conference> GetConference(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListConferencesResponse> ListConferences(const Principal& principal,
                                                              const v1::ListConferencesRequest& request);
  void ReplaceConference(const Principal& principal, const v1::ReplaceConferenceRequest& request,
                         Done<v1::Conference> done);
  void UpdateConference(const Principal& principal, const v1::UpdateConferenceRequest& request,
                        Done<v1::Conference> done);
  void DeleteConference(const Principal& principal, const std::string& id, Done<v1::Conference> done);

  void SetConferenceLocked(const Principal& principal, const std::string& id, bool locked, Done<v1::Conference> done);
  void MuteAll(const Principal& principal, const std::string& id, bool muted, Done<v1::Conference> done);

  void StartRecording(const Principal& principal, const v1::StartRecordingRequest& request, Done<v1::Conference> done);
  void StopRecording(const Principal& principal, const std::string& conference_id, Done<v1::Conference> done);
  // Pauses it or takes that back.
  void PauseRecording(const Principal& principal, const std::string& conference_id, bool paused,
                      Done<v1::Conference> done);
  absl::StatusOr<v1::Recording> GetRecording(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListRecordingsResponse> ListRecordings(const Principal& principal,
                                                            const v1::ListRecordingsRequest& request);
  void DeleteRecording(const Principal& principal, const std::string& id, Done<v1::Recording> done);

  // A file of any customer's: the caller asks whether it may be seen. `file` is empty
  // where the recording is not over yet. NOT_FOUND (RECORDING_FILE_NOT_FOUND).
  struct StoredFile {
    std::string customer_id;
    std::string recording_id;
    // Of the media node that has made it, and has it unless file.store says otherwise.
    std::string node_id;
    v1::Recording::Status status = v1::Recording::STATUS_UNSPECIFIED;
    v1::RecordingFile file;
    absl::Time tm_update;
    // When the recording was over.
    absl::Time tm_end;
  };
  absl::StatusOr<StoredFile> FindRecordingFile(const std::string& file_id);

  void StartTranscribe(const Principal& principal, const v1::StartTranscribeRequest& request,
                       Done<v1::Conference> done);
  // The room's, and one by its own id.
  void StopTranscribeOf(const Principal& principal, const std::string& conference_id, Done<v1::Conference> done);
  void StopTranscribe(const Principal& principal, const std::string& id, Done<v1::Transcribe> done);
  void DeleteTranscribe(const Principal& principal, const std::string& id, Done<v1::Transcribe> done);
  absl::StatusOr<v1::Transcribe> GetTranscribe(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListTranscribesResponse> ListTranscribes(const Principal& principal,
                                                              const v1::ListTranscribesRequest& request);
  absl::StatusOr<v1::ListTranscriptsResponse> ListTranscripts(const Principal& principal,
                                                              const v1::ListTranscriptsRequest& request);

  absl::StatusOr<v1::Conferencecall> GetConferencecall(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListConferencecallsResponse> ListConferencecalls(const Principal& principal,
                                                                      const v1::ListConferencecallsRequest& request);
  void UpdateConferencecall(const Principal& principal, const v1::UpdateConferencecallRequest& request,
                            Done<v1::Conferencecall> done);
  void MoveConferencecall(const Principal& principal, const v1::MoveConferencecallRequest& request,
                          Done<v1::Conferencecall> done);
  // Kick.
  void DeleteConferencecall(const Principal& principal, const std::string& id, Done<v1::Conferencecall> done);

  // `offer` is request.call().sdp_offer(), parsed. `done` is called when the
  // media plane has answered and that is committed, or has refused.
  void CreateCall(const Principal& principal, const v1::CreateCallRequest& request,
                  const media::v1::MediaDescription& offer, const std::string& idempotency_key, Done<v1::Call> done);
  // Calls of type `websocket`: one that joins the room, and whose samples go by
  // `token`. `done` is called as CreateCall's.
  void CreateStreamCall(const Principal& principal, const v1::OpenMediaStreamRequest& request, const std::string& token,
                        Done<v1::Call> done);
  absl::StatusOr<v1::Call> GetCall(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListCallsResponse> ListCalls(const Principal& principal, const v1::ListCallsRequest& request);
  // `offer` is request.sdp_offer(), parsed. `done` is called as CreateCall's.
  void ReofferCall(const Principal& principal, const v1::ReofferCallRequest& request,
                   const media::v1::MediaDescription& offer, Done<v1::Call> done);
  void HangupCall(const Principal& principal, const std::string& id, Done<v1::Call> done);
  void SetCallOnHold(const Principal& principal, const std::string& id, bool on_hold, Done<v1::Call> done);
  void SetCallMuted(const Principal& principal, const std::string& id, bool muted, Done<v1::Call> done);
  // Where the call's leg is, for statistics of now; an empty node_id where it has none.
  absl::StatusOr<MediaRef> FindLeg(const Principal& principal, const std::string& call_id);

  // Whose a leg is, and which participant it is now; both ids are empty where it is
  // in no room. By leg id; unknown ones are left out.
  struct LegOwner {
    std::string customer_id;
    std::string conferencecall_id;
    std::string conference_id;
  };
  absl::StatusOr<std::map<std::string, LegOwner>> FindLegOwners(const std::vector<std::string>& leg_ids);
  // What a transcription is of; unknown ones are left out.
  struct TranscribeOwner {
    std::string customer_id;
    std::string conference_id;
    absl::Time tm_create;
  };
  absl::StatusOr<std::map<std::string, TranscribeOwner>> FindTranscribeOwners(const std::vector<std::string>& ids);
  void CreateWebhook(const Principal& principal, const v1::CreateWebhookRequest& request,
                     const std::string& idempotency_key, Done<v1::Webhook> done);
  absl::StatusOr<v1::Webhook> GetWebhook(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListWebhooksResponse> ListWebhooks(const Principal& principal,
                                                        const v1::ListWebhooksRequest& request);
  void ReplaceWebhook(const Principal& principal, const v1::ReplaceWebhookRequest& request, Done<v1::Webhook> done);
  void UpdateWebhook(const Principal& principal, const v1::UpdateWebhookRequest& request, Done<v1::Webhook> done);
  void DeleteWebhook(const Principal& principal, const std::string& id, Done<v1::Webhook> done);
  absl::StatusOr<v1::ListWebhookDeliveriesResponse> ListWebhookDeliveries(
      const Principal& principal, const v1::ListWebhookDeliveriesRequest& request);
  void ReplayWebhook(const Principal& principal, const v1::ReplayWebhookRequest& request,
                     Done<v1::ReplayWebhookResponse> done);

  // Where a room's bridge is, or a participant's leg, for what is done to it once.
  // FAILED_PRECONDITION (STATE_INVALID): nobody is joined there, or it is not.
  absl::StatusOr<MediaRef> FindBridge(const Principal& principal, const std::string& conference_id);
  // Where a room's bridge is that somebody wants to hear; it is put on a node where it
  // is on none. FAILED_PRECONDITION (STATE_INVALID): the room is not progressing.
  void PlaceBridge(const Principal& principal, const std::string& conference_id, Done<MediaRef> done);
  absl::StatusOr<MediaRef> FindParticipantLeg(const Principal& principal, const std::string& conferencecall_id);

  void CreateFlow(const Principal& principal, const v1::CreateFlowRequest& request, const std::string& idempotency_key,
                  Done<v1::Flow> done);
  absl::StatusOr<v1::Flow> GetFlow(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListFlowsResponse> ListFlows(const Principal& principal, const v1::ListFlowsRequest& request);
  void ReplaceFlow(const Principal& principal, const v1::ReplaceFlowRequest& request, Done<v1::Flow> done);
  void DeleteFlow(const Principal& principal, const std::string& id, Done<v1::Flow> done);

  // `duration` is that of the request's file, which was decoded.
  void CreateSound(const Principal& principal, const v1::CreateSoundRequest& request, absl::Duration duration,
                   const std::string& idempotency_key, Done<v1::Sound> done);
  absl::StatusOr<v1::Sound> GetSound(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListSoundsResponse> ListSounds(const Principal& principal, const v1::ListSoundsRequest& request);
  void DeleteSound(const Principal& principal, const std::string& id, Done<v1::Sound> done);
  // The file as it was uploaded.
  absl::StatusOr<std::string> ReadSoundFile(const Principal& principal, const std::string& id);

  // --- What flows wait for.

  // What the call's flow waits for now. NOT_FOUND: nothing any more.
  absl::StatusOr<Operation> ReadOperation(const std::string& call_id);
  // An operation has ended; another one of the call's changes nothing. One that
  // plays ends so only when it can't: its end is an event of the node's.
  void FinishOperation(const std::string& call_id, const std::string& operation_id, const absl::Status& outcome,
                       DoneStatus done);
  // What it plays has ended so, and the node's event was lost.
  void FinishPlay(const std::string& call_id, const std::string& operation_id, media::v1::AudioFinished::Cause cause,
                  DoneStatus done);
  // A caller has pressed a key, as the node tells its watcher. Errors as
  // HandleNodeEvents.
  void HandleDigit(const NodeLease& lease, const media::v1::LegDtmf& digit, DoneStatus done);

  // --- Events.

  // The first event to read: after `cursor`; or after `after_sequence` of
  // `stream`; where both are empty, from now on. INVALID_ARGUMENT: no such
  // cursor. NOT_FOUND: no such stream. OUT_OF_RANGE (EVENTS_PURGED): its events are no longer kept.
  struct EventPoint {
    // Empty: all streams of the customer.
    std::string stream;
    // Sequence in the stream, or the position among all events.
    int64_t after = 0;
    // The last position to read.
    int64_t until = std::numeric_limits<int64_t>::max();
  };
  absl::StatusOr<EventPoint> FindEventPoint(const Principal& principal, const std::string& stream,
                                            int64_t after_sequence, const std::string& cursor);
  // The cursor of a point among all streams.
  std::string MakeCursor(const Principal& principal, const EventPoint& point);
  // At most `limit` events after `point`, with their cursors; `point` goes on
  // behind the last one. Fewer than `limit`: there are no more now. Errors as
  // FindEventPoint's EVENTS_PURGED.
  absl::StatusOr<std::vector<v1::Event>> ReadEvents(const Principal& principal, EventPoint& point, int limit);

  // Gives committed events their place among all, which ReadEvents without a
  // stream waits for; where the store has given them one already it costs
  // nothing. Call it after commits with events and every second, one call at a
  // time. Gives how many; call again while it is not 0, and then have those look
  // who read all streams.
  void SequenceEvents(Done<int64_t> done);

  // --- The media plane: commands out of committed rows, and what came of them.

  // What is wanted now of a leg or a bridge that effects named. NOT_FOUND:
  // nothing any more.
  absl::StatusOr<LegCommand> ReadLegCommand(const MediaRef& ref);
  absl::StatusOr<BridgeCommand> ReadBridgeCommand(const MediaRef& ref);
  absl::StatusOr<RecordingCommand> ReadRecordingCommand(const MediaRef& ref);
  absl::StatusOr<TranscriptionCommand> ReadTranscriptionCommand(const MediaRef& ref);

  // Replies of the commands. `Refused` is for errors that a repeat does not
  // mend; `revision` is the one that was sent.
  void LegPut(const std::string& node_id, const media::v1::LegState& state, DoneStatus done);
  void LegRefused(const std::string& node_id, const std::string& leg_id, int64_t revision, const absl::Status& why,
                  DoneStatus done);
  void LegRemoved(const std::string& node_id, const media::v1::LegState& state, DoneStatus done);
  void BridgeRemoved(const std::string& node_id, const media::v1::BridgeState& state, DoneStatus done);
  void RecordingPut(const std::string& node_id, const media::v1::RecordingState& state, DoneStatus done);
  void RecordingRefused(const std::string& node_id, const std::string& recording_id, int64_t revision, DoneStatus done);
  void RecordingDeleted(const std::string& node_id, const std::string& recording_id, DoneStatus done);
  void TranscriptionPut(const std::string& node_id, const media::v1::TranscriptionState& state, DoneStatus done);
  void TranscriptionRefused(const std::string& node_id, const std::string& transcribe_id, int64_t revision,
                            DoneStatus done);

  // The names of a deleted recording's files, which may be in the object store.
  // NOT_FOUND: they need not be deleted (any more).
  absl::StatusOr<std::vector<std::string>> ReadObjectDeletion(const std::string& recording_id);
  // They are gone from the object store.
  void ObjectsDeleted(const std::string& recording_id, DoneStatus done);

  // Takes or renews the right to speak for a node, by the data base's clock: it is
  // free, has run out, or is this owner's. `owner` is a replica; one that starts anew takes a new
  // term. With SQLite use one constant owner: the file's lock proves that the
  // one before is dead. UNAVAILABLE (LEASE_HELD): another one has it.
  void ClaimNode(const std::string& node_id, const std::string& owner, absl::Duration lease, Done<NodeLease> done);
  void RenewNode(const NodeLease& lease, absl::Duration duration, DoneStatus done);

  // Events of the node's Watch, in order; `(epoch, sequence)` is committed with
  // what they change. Those that the store has already change nothing. One call
  // for a node at a time. ABORTED (LEASE_LOST): claim again. OUT_OF_RANGE
  // (SNAPSHOT_NEEDED): the epoch is not the stored one or events are missing in
  // between.
  void HandleNodeEvents(const NodeLease& lease, const std::string& epoch, std::vector<media::v1::NodeEvent> events,
                        DoneStatus done);
  // Brings the store and the node together; at each connect, on resync and
  // every 30 s. Commits the snapshot's (epoch, sequence).
  void Reconcile(const NodeLease& lease, const NodeSnapshot& snapshot, DoneStatus done);
  // The node is out of reach for good (15 s): its calls hang up, its bridges
  // are free to be put elsewhere. Again as long as it is so: others may not know
  // it yet and send calls there.
  void NodeLost(const NodeLease& lease, DoneStatus done);

  // --- Time.

  // Fires what is due by the clock. Gives the earliest deadline that is left,
  // InfiniteFuture: none.
  void RunDue(Done<absl::Time> done);
  // The check of every participant; every 5 s. Gives how many were removed.
  void SweepHealth(Done<int> done);
  // Answers who waits for what another replica has committed. Nothing but a read,
  // and that only while somebody waits.
  absl::Status PollWaiters();
  // Hands out again, as effects, the commands of rows that have waited for them
  // for over `repeat_after`: the replica that committed them may be dead. A read.
  absl::Status RepeatCommands();
  // Deletes what is past its retention. Gives how many rows; call again while
  // it is not 0.
  void Purge(Done<int64_t> done);

  // What has not ended, by status, for gauges.
  struct Counts {
    std::vector<int64_t> conferences;
    std::vector<int64_t> conferencecalls;
    std::vector<int64_t> calls;
    std::vector<int64_t> recordings;
    std::vector<int64_t> transcribes;
  };
  // Each vector is indexed by the resource's status.
  absl::StatusOr<Counts> CountByStatus();

  // Of deliveries to webhooks, for gauges.
  struct WebhookCounts {
    int64_t pending = 0;
    int64_t dead = 0;
    // Since the event happened that waits for the longest.
    absl::Duration oldest;
  };
  absl::StatusOr<WebhookCounts> CountWebhooks();

  // Of the core's own files.
  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_CORE_H_
