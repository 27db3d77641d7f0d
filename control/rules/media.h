#ifndef CONTROL_RULES_MEDIA_H_
#define CONTROL_RULES_MEDIA_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "control/sound/spoken_text.h"
#include "tutti/control/v1/event.pb.h"
#include "tutti/media/v1/media_plane.pb.h"

// What the core wants of the media plane, level-triggered: it names the legs and
// bridges whose wanted state has changed, after the commit that changed it; a
// dispatcher reads the committed row and makes it so. What is lost on the way
// (a crash between commit and command) is found again by MediaNodes::Reconcile.

namespace tutti::control {

// A leg (a call's id), a bridge (a conference's id), a recording or a transcription
// on a node.
struct MediaRef {
  std::string node_id;
  std::string id;
  // The committed revision of its wanted state; for a stray one the revision to
  // remove it with.
  int64_t revision = 0;
  // The node has it and the store knows nothing of it: it can only be removed.
  bool stray = false;
};

// A sound that shall stop: an operation of PlayAudio.
struct SoundStop {
  std::string node_id;
  std::string operation_id;
};

// A sound for a call.
struct PlayOperation {
  std::string customer_id;
  std::string node_id;
  // "beep", "sound:ID" of the customer's, "file:NAME" or a URL; or a text.
  std::string sound;
  std::optional<SpokenText> text;
  bool stop_on_dtmf = false;
};

struct SendOperation {
  std::string uri;
  std::string method;
  std::string content_type;
  std::string body;
};

// What a call's flow waits for others to do. Asked for again until it is
// finished: it is the same as long as its id is.
struct Operation {
  std::string call_id;
  std::string id;
  std::variant<PlayOperation, SendOperation> what;
};

// A sound that all in a room hear once, as something happens there.
struct Beep {
  std::string node_id;
  // The conference's id.
  std::string bridge_id;
  // As the media node names it.
  std::string sound;
  // Made of the participant's id: the same one is played at most once.
  std::string operation_id;
};

// What a commit has changed for others.
struct Effects {
  std::vector<MediaRef> legs;
  // To be dealt with before the legs, the recordings and the transcriptions.
  std::vector<MediaRef> bridges;
  std::vector<MediaRef> recordings;
  std::vector<MediaRef> transcriptions;
  // Recordings whose files in the object store shall go: told again every minute until
  // StoredFiles::NoteDeletion.
  std::vector<std::string> object_deletions;
  // Calls whose flow waits for an operation.
  std::vector<std::string> operations;
  std::vector<SoundStop> stops;
  // One-shot: what is lost on the way is not heard.
  std::vector<Beep> beeps;
  // The committed events, in the order of their commit, without cursors; their
  // streams have something new to read.
  std::vector<v1::Event> events;
  // The earliest deadline that the commit set.
  absl::Time deadline = absl::InfiniteFuture();
  // Of the request that the commit is of; empty: of none.
  std::string traceparent;

  bool empty() const {
    return legs.empty() && bridges.empty() && recordings.empty() && transcriptions.empty() &&
           object_deletions.empty() && operations.empty() && stops.empty() && beeps.empty() && events.empty() &&
           deadline == absl::InfiniteFuture();
  }
};

// Takes effects, in the order of the commits, on the store's thread: it must not
// block.
class EffectSink {
 public:
  virtual ~EffectSink() = default;
  virtual void OnCommit(Effects effects) = 0;
};

// Which media node takes a new leg. Thread-safe.
class NodePicker {
 public:
  virtual ~NodePicker() = default;

  // The least loaded node; or, where `node_id` is not empty, that one.
  // UNAVAILABLE, reason MEDIA_NODE_UNAVAILABLE: none, or it is out of contact.
  virtual absl::StatusOr<std::string> Pick(const std::string& node_id) = 0;
};

// The text of an answer, from the media plane's description of it; `version`
// goes up from 1 with each answer of a call (RFC 3264 section 8).
using AnswerWriter = std::function<absl::StatusOr<std::string>(const media::v1::MediaDescription& answer,
                                                               const std::string& call_id, int64_t version)>;

// A command as the committed row wants it.
struct LegCommand {
  std::string node_id;
  std::variant<media::v1::PutLegRequest, media::v1::RemoveLegRequest> request;
};

struct BridgeCommand {
  std::string node_id;
  std::variant<media::v1::PutBridgeRequest, media::v1::RemoveBridgeRequest> request;
};

struct RecordingCommand {
  std::string node_id;
  std::variant<media::v1::PutRecordingRequest, media::v1::DeleteRecordingRequest> request;
};

struct TranscriptionCommand {
  std::string node_id;
  media::v1::PutTranscriptionRequest request;
};

// The right to act on what a node reports, and where in its events the store is.
struct NodeLease {
  std::string node_id;
  std::string owner;
  // Goes up with each claim; a step under an older one is refused.
  int64_t term = 0;
  absl::Time lease_until;
  // Of the last event or snapshot that is in the store; empty: none yet.
  std::string epoch;
  int64_t sequence = 0;
};

// All that a node has.
struct NodeSnapshot {
  std::string epoch;
  int64_t sequence = 0;
  // Before the snapshot was asked for, by the core's clock: what the store
  // learnt later may be missing in it.
  absl::Time requested_at;
  std::vector<media::v1::LegState> legs;
  std::vector<media::v1::BridgeState> bridges;
  std::vector<media::v1::RecordingState> recordings;
  std::vector<media::v1::TranscriptionState> transcriptions;
};

}  // namespace tutti::control

#endif  // CONTROL_RULES_MEDIA_H_
