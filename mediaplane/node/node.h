#ifndef MEDIAPLANE_NODE_NODE_H_
#define MEDIAPLANE_NODE_NODE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "mediaplane/negotiation/negotiation.h"
#include "mediaplane/negotiation/peer_allow.h"
#include "mediaplane/node/audio_player.h"
#include "mediaplane/node/event_log.h"
#include "mediaplane/node/live_log.h"
#include "mediaplane/node/media_engine.h"
#include "mediaplane/node/sound_store.h"
#include "mediaplane/node/tombstones.h"
#include "mediaplane/recording/recordings.h"
#include "mediaplane/stream/audio_line.h"
#include "mediaplane/stream/stream_book.h"
#include "mediaplane/tap/leg_names.h"
#include "mediaplane/tap/tap_hub.h"
#include "mediaplane/transcription/transcriptions.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

struct NodeOptions {
  // Random, new at each start.
  std::string epoch;
  // Local media addresses, to be told.
  std::vector<std::string> addresses;
  PeerAllowList rtp_peer_allow = PeerAllowList::Loopback();
  int32_t legs_max = 4000;
  size_t events_max = EventLog::kEventsMax;
  size_t sound_bytes_max = SoundStore::kBytesMax;
  // Of the engine's workers.
  std::vector<TapRing*> tap_rings;
  size_t audio_streams_max = 200;
  std::shared_ptr<StreamCounters> stream_counters = std::make_shared<StreamCounters>();
  // Names and figures' owner aside. Without a folder nothing is recorded.
  RecordingsOptions recordings;
};

// The media plane as media_plane.proto promises it: legs and bridges by id with
// their revisions, tombstones, and the event log. It starts no thread and knows
// no gRPC; all of it runs on the control thread. `engine` and `clock` outlive it.
class Node {
 public:
  Node(NodeOptions options, MediaEngine& engine, Clock& clock);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  absl::StatusOr<media::v1::BridgeState> PutBridge(const media::v1::PutBridgeRequest& request);
  absl::StatusOr<media::v1::BridgeState> RemoveBridge(const media::v1::RemoveBridgeRequest& request);
  absl::StatusOr<media::v1::LegState> PutLeg(const media::v1::PutLegRequest& request);
  absl::StatusOr<media::v1::LegState> RemoveLeg(const media::v1::RemoveLegRequest& request);
  absl::StatusOr<media::v1::LegState> GetLeg(const media::v1::GetLegRequest& request);
  media::v1::NodeState GetNode() const;

  absl::StatusOr<media::v1::AudioState> PlayAudio(const media::v1::PlayAudioRequest& request);
  absl::StatusOr<media::v1::StopAudioResponse> StopAudio(const media::v1::StopAudioRequest& request);

  // UNIMPLEMENTED without Use.
  absl::StatusOr<media::v1::TranscriptionState> PutTranscription(const media::v1::PutTranscriptionRequest& request);
  absl::StatusOr<media::v1::RecordingState> PutRecording(const media::v1::PutRecordingRequest& request);
  absl::StatusOr<media::v1::DeleteRecordingResponse> DeleteRecording(const media::v1::DeleteRecordingRequest& request);
  absl::StatusOr<Recordings::FileOnDisk> FindRecordingFile(const media::v1::ReadRecordingFileRequest& request) const;
  // Takes up what is in the recordings' folder. Once, before the first request.
  absl::Status LoadRecordings();

  // A sound that SoundUpload has made, and whether it is here.
  absl::StatusOr<media::v1::SoundState> PutSound(const std::string& sha256, std::shared_ptr<const Sound> sound);
  absl::StatusOr<media::v1::SoundState> GetSound(const std::string& sha256) const { return sounds_.Get(sha256); }

  // The head, then every bridge, every leg, every recording under way and every
  // transcription: all of one moment of the log.
  std::vector<media::v1::SnapshotResponse> Snapshot() const;

  // Takes the engine's events into the log and forgets old tombstones. Every
  // few milliseconds.
  void Poll();

  // From now on new ids are refused with UNAVAILABLE; what is there goes on.
  void Drain() { draining_ = true; }

  absl::StatusOr<media::v1::OpenAudioStreamResponse> OpenAudioStream(const media::v1::OpenAudioStreamRequest& request);
  // For who has the token, once. `end` is called on this thread when the leg or the
  // bridge is removed, and not after ReleaseStream, which ends the stream in any case.
  absl::StatusOr<StreamBook::Stream> ClaimStream(const std::string& token, std::function<void()> end);
  void ReleaseStream(StreamBook::Ticket ticket);

  // Removes every leg and bridge; false when some must be asked again because a
  // ring was full.
  bool RemoveAll();

  // No leg is left, and nothing that was asked of the engine is undone.
  bool idle() const {
    return legs_.empty() && removing_.empty() && !engine_.pending() && (recordings_ == nullptr || recordings_->idle());
  }

  // Something was asked of the engine and is not done: poll soon.
  bool pending() const { return engine_.pending(); }

  // Operations of PlayAudio that have not ended: while there is one, poll often.
  size_t plays() const { return player_.size(); }

  EventLog& log() { return log_; }
  LiveLog& live_log() { return live_log_; }
  const SoundStore& sounds() const { return sounds_; }
  // What happens in the bridges; somebody has to drain it.
  TapHub& tap_hub() { return tap_hub_; }
  const LegNames& leg_names() const { return leg_names_; }

  // Made of this node's hub, names and logs; outlives it. Before anything is put.
  void Use(Transcriptions& transcriptions) { transcriptions_ = &transcriptions; }
  const StreamBook& streams() const { return streams_; }

 private:
  struct Leg;
  struct Bridge;
  class StreamTap;
  struct LegTombstone {
    int64_t revision = 0;
    Codec codec = Codec::kNone;
    LegFigures figures;
  };

  absl::StatusOr<media::v1::LegState> CreateStreamLeg(const media::v1::PutLegRequest& request, const Bridge* bridge);
  // Starts it in the engine.
  absl::StatusOr<Leg*> AddLeg(const media::v1::PutLegRequest& request, const LegMedia& media, bool rtcp_mux,
                              const Bridge* bridge);
  absl::Status TapForStream(const StreamBook::Stream& stream);
  void EndStreamsOf(const StreamBook::Target& target);
  void OnStreamClosed(const StreamBook::Target& target);
  absl::StatusOr<media::v1::LegState> CreateLeg(const media::v1::PutLegRequest& request, const Bridge* bridge);
  absl::Status ChangeMedia(const media::v1::PutLegRequest& request, Leg& leg);
  absl::Status ChangeLeg(const media::v1::PutLegRequest& request, const Bridge* bridge, Leg& leg);
  absl::Status CheckDraining() const;
  absl::StatusOr<BridgeSettings> MakeSettings(const media::v1::PutBridgeRequest& request);
  LegSettings MakeSettings(const media::v1::LegSettings& settings, uint32_t presence) const;
  absl::StatusOr<AudioPlayer::Target> FindTarget(const std::string& leg_id, const std::string& bridge_id) const;
  void TellThoseHeardBy(const std::string& leg_id);
  void OnEvent(const EngineEvent& event);
  void OnLegEvent(const EngineEvent& event, Leg& leg);
  media::v1::LegState Render(const Leg& leg) const;
  media::v1::BridgeState Render(const Bridge& bridge) const;
  const std::string& BridgeId(BridgeSlot slot) const;

  const NodeOptions options_;
  MediaEngine& engine_;
  Clock& clock_;
  EventLog log_;
  LiveLog live_log_;
  SoundStore sounds_;
  AudioPlayer player_;
  TapHub tap_hub_;
  LegNames leg_names_;
  Transcriptions* transcriptions_ = nullptr;
  StreamBook streams_;
  // Of the streams of bridges.
  absl::flat_hash_map<StreamBook::Ticket, std::unique_ptr<StreamTap>> stream_taps_;
  std::unique_ptr<Recordings> recordings_;  // null: nothing is recorded
  bool draining_ = false;

  absl::flat_hash_map<std::string, std::unique_ptr<Leg>> legs_;
  // Removed, until the engine has given the slot back.
  absl::flat_hash_map<LegSlot, std::unique_ptr<Leg>> removing_;
  absl::flat_hash_map<LegSlot, Leg*> legs_by_slot_;
  // Those with a heard_only_by, and of them those whose settings met a full ring.
  absl::flat_hash_set<Leg*> exclusive_;
  absl::flat_hash_set<Leg*> settings_due_;
  absl::flat_hash_map<std::string, std::unique_ptr<Bridge>> bridges_;
  // Kept after a removal, for the kLegLeft that follow it; overwritten when the
  // slot is given out again.
  absl::flat_hash_map<BridgeSlot, std::string> bridge_ids_;
  Tombstones<LegTombstone> removed_legs_;
  Tombstones<int64_t> removed_bridges_;
  std::vector<EngineEvent> events_;  // Poll's, kept for its memory
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_NODE_H_
