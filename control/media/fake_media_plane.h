#ifndef CONTROL_MEDIA_FAKE_MEDIA_PLANE_H_
#define CONTROL_MEDIA_FAKE_MEDIA_PLANE_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "tutti/media/v1/media_plane.grpc.pb.h"

namespace tutti::control {

// A media node without media, on a real gRPC port of loopback, for tests: it
// keeps legs and bridges by the rules of media_plane.proto and attaches a leg
// at once. Thread-safe.
class FakeMediaPlane final : private media::v1::MediaPlane::Service {
 public:
  // A command as it arrived.
  struct Command {
    std::string method;  // "PutLeg"
    std::string id;
    int64_t revision = 0;
    std::string bridge_id;
    std::string traceparent = {};
  };

  FakeMediaPlane();
  ~FakeMediaPlane() override;

  std::string Address() const;

  // The process dies: its port is closed and everything in it is gone.
  void Kill();
  // It comes back on the same port with a new epoch.
  void Start();
  // Every stream and connection breaks; what the node holds stays.
  void BreakConnections();

  // The next `count` commands of the method fail.
  void Fail(const std::string& method, int count, grpc::Status status);
  // Commands are carried out, but their replies wait (a slow node).
  void HoldReplies(bool hold);
  // False: a leg that is put into a bridge is not attached until AttachAll.
  void AttachAtOnce(bool at_once);
  void AttachAll();

  void EmitMediaTimeout(const std::string& leg_id);
  void EmitResync();
  // To those who watch live; the level is kept in the leg.
  void EmitTalking(const std::string& leg_id, bool talking);
  void EmitDigit(const std::string& leg_id, const std::string& digit);
  // Who talks changes, and the event is lost.
  void LoseTalking(const std::string& leg_id, bool talking);
  // A leg is lost without any event.
  void ForgetLeg(const std::string& leg_id);
  // A leg that nobody asked for.
  void AddUnknownLeg(const std::string& leg_id);
  // The event log forgets everything up to now.
  void TruncateLog();
  void SetStatistics(const std::string& leg_id, const media::v1::LegStatistics& statistics);

  // Every sound that was put here.
  void ForgetSounds();
  // An operation ends, and is told of.
  void FinishAudio(const std::string& operation_id, media::v1::AudioFinished::Cause cause);

  // A recording ends by itself: well, or of `failure`.
  void EndRecording(const std::string& recording_id, media::v1::RecordingState::Failure failure);
  // A text of a transcription, of speech that began at `tm_begin`.
  void EmitTranscript(const media::v1::TranscriptMade& made);
  // Live.
  void EmitInterim(const media::v1::TranscriptInterim& interim);
  void CloseStream(const std::string& leg_id);

  std::optional<media::v1::RecordingState> Recording(const std::string& recording_id) const;
  // Accepted ones, by token.
  std::map<std::string, media::v1::OpenAudioStreamRequest> AudioStreams() const;
  // What PutLeg had instead of an offer.
  std::optional<media::v1::LegStream> Stream(const std::string& leg_id) const;

  std::vector<Command> Commands() const;
  // Of the last PutBridge and PutLeg that were applied.
  std::optional<media::v1::PutBridgeRequest> BridgeRequest(const std::string& bridge_id) const;
  std::optional<media::v1::LegSettings> Settings(const std::string& leg_id) const;
  // Accepted ones, in their order.
  std::vector<media::v1::PlayAudioRequest> Plays() const;
  // By hash.
  std::map<std::string, std::string> Sounds() const;
  std::optional<media::v1::LegState> Leg(const std::string& leg_id) const;
  int LegCount() const;
  int BridgeCount() const;
  int Watchers() const;
  int LiveWatchers() const;
  // Since the start.
  int WatchesBegun() const;
  int SnapshotsTaken() const;
  int64_t LatestSequence() const;
  // The most commands of one id that were ever in progress at once.
  int InProgressMax() const;

 private:
  struct LegRow {
    media::v1::LegState state;
    std::string wanted_bridge;
    media::v1::LegSettings settings;
    media::v1::LegStream stream;
  };
  template <typename T>
  using Writer = grpc::ServerWriter<T>;

  grpc::Status PutBridge(grpc::ServerContext*, const media::v1::PutBridgeRequest*, media::v1::BridgeState*) override;
  grpc::Status RemoveBridge(grpc::ServerContext*, const media::v1::RemoveBridgeRequest*,
                            media::v1::BridgeState*) override;
  grpc::Status PutLeg(grpc::ServerContext*, const media::v1::PutLegRequest*, media::v1::LegState*) override;
  grpc::Status RemoveLeg(grpc::ServerContext*, const media::v1::RemoveLegRequest*, media::v1::LegState*) override;
  grpc::Status GetLeg(grpc::ServerContext*, const media::v1::GetLegRequest*, media::v1::LegState*) override;
  grpc::Status GetNode(grpc::ServerContext*, const media::v1::GetNodeRequest*, media::v1::NodeState*) override;
  grpc::Status PutSound(grpc::ServerContext*, grpc::ServerReader<media::v1::PutSoundRequest>*,
                        media::v1::SoundState*) override;
  grpc::Status GetSound(grpc::ServerContext*, const media::v1::GetSoundRequest*, media::v1::SoundState*) override;
  grpc::Status PlayAudio(grpc::ServerContext*, const media::v1::PlayAudioRequest*, media::v1::AudioState*) override;
  grpc::Status StopAudio(grpc::ServerContext*, const media::v1::StopAudioRequest*,
                         media::v1::StopAudioResponse*) override;
  grpc::Status PutRecording(grpc::ServerContext*, const media::v1::PutRecordingRequest*,
                            media::v1::RecordingState*) override;
  grpc::Status DeleteRecording(grpc::ServerContext*, const media::v1::DeleteRecordingRequest*,
                               media::v1::DeleteRecordingResponse*) override;
  grpc::Status PutTranscription(grpc::ServerContext*, const media::v1::PutTranscriptionRequest*,
                                media::v1::TranscriptionState*) override;
  grpc::Status OpenAudioStream(grpc::ServerContext*, const media::v1::OpenAudioStreamRequest*,
                               media::v1::OpenAudioStreamResponse*) override;
  grpc::Status Watch(grpc::ServerContext*, const media::v1::WatchRequest*, Writer<media::v1::WatchResponse>*) override;
  grpc::Status WatchLive(grpc::ServerContext*, const media::v1::WatchLiveRequest*,
                         Writer<media::v1::WatchLiveResponse>*) override;
  grpc::Status Snapshot(grpc::ServerContext*, const media::v1::SnapshotRequest*,
                        Writer<media::v1::SnapshotResponse>*) override;

  void StartServer(int port);
  void StopServer();
  // Writes the command down; an error when the script says so.
  grpc::Status Begin(Command command, const grpc::ServerContext* context = nullptr)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Waits while replies are held.
  grpc::Status End(const std::string& id, grpc::ServerContext* context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Attach(LegRow& leg) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Detach(LegRow& leg) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  media::v1::NodeEvent& Emit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  grpc::Status CheckSound(const std::string& sound) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndAudio(const media::v1::PlayAudioRequest& play, media::v1::AudioFinished::Cause cause)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishRecording(media::v1::RecordingState& state, media::v1::RecordingState::Failure failure)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What is recorded and transcribed of a bridge that is gone ends.
  void EndJobs(const std::string& bridge_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The process has ended under its recordings.
  void CutRecordings() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellJobs(media::v1::SnapshotResponse& response, Writer<media::v1::SnapshotResponse>* writer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int CountLegs(const std::string& bridge_id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  mutable absl::CondVar changed_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int starts_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string epoch_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, LegRow> legs_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int64_t> bridges_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, media::v1::PutBridgeRequest> bridge_requests_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> sounds_ ABSL_GUARDED_BY(mutex_);
  std::vector<media::v1::PlayAudioRequest> plays_ ABSL_GUARDED_BY(mutex_);
  // By operation.
  std::map<std::string, media::v1::AudioState> audio_ ABSL_GUARDED_BY(mutex_);
  // They outlive the process.
  std::map<std::string, media::v1::RecordingState> recordings_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, media::v1::TranscriptionState> transcriptions_ ABSL_GUARDED_BY(mutex_);
  // Of recordings and transcriptions.
  std::map<std::string, std::string> job_bridges_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, media::v1::OpenAudioStreamRequest> audio_streams_ ABSL_GUARDED_BY(mutex_);
  // Removed ids and the revision that removed them.
  std::map<std::string, int64_t> tombstones_ ABSL_GUARDED_BY(mutex_);
  std::vector<media::v1::NodeEvent> log_ ABSL_GUARDED_BY(mutex_);
  int64_t forgotten_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Command> commands_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::pair<int, grpc::Status>> failures_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> in_progress_ ABSL_GUARDED_BY(mutex_);
  int in_progress_max_ ABSL_GUARDED_BY(mutex_) = 0;
  bool hold_ ABSL_GUARDED_BY(mutex_) = false;
  bool attach_at_once_ ABSL_GUARDED_BY(mutex_) = true;
  // Lost ones are empty.
  std::vector<media::v1::LiveEvent> live_log_ ABSL_GUARDED_BY(mutex_);
  int live_watchers_ ABSL_GUARDED_BY(mutex_) = 0;
  int watchers_ ABSL_GUARDED_BY(mutex_) = 0;
  int watches_begun_ ABSL_GUARDED_BY(mutex_) = 0;
  int snapshots_ ABSL_GUARDED_BY(mutex_) = 0;
  int ports_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tutti::control

#endif  // CONTROL_MEDIA_FAKE_MEDIA_PLANE_H_
