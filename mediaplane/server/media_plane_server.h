#ifndef MEDIAPLANE_SERVER_MEDIA_PLANE_SERVER_H_
#define MEDIAPLANE_SERVER_MEDIA_PLANE_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/clock/clock.h"
#include "common/id/id.h"
#include "common/metrics/metrics.h"
#include "common/rpc/server.h"
#include "mediaplane/engine/engine.h"
#include "mediaplane/engine/worker_thread.h"
#include "mediaplane/metrics/engine_metrics.h"
#include "mediaplane/metrics/recording_metrics.h"
#include "mediaplane/node/control_thread.h"
#include "mediaplane/node/node.h"
#include "mediaplane/node/real_media_engine.h"
#include "mediaplane/port/eal.h"
#include "mediaplane/port/port.h"
#include "mediaplane/recording/disk.h"
#include "mediaplane/recording/finisher_process.h"
#include "mediaplane/recording/work_threads.h"
#include "mediaplane/server/folder_lock.h"
#include "mediaplane/server/options.h"
#include "mediaplane/service/media_plane_service.h"
#include "mediaplane/stream/audio_pump.h"
#include "mediaplane/stream/stream_port.h"
#include "mediaplane/tap/tap_thread.h"
#include "mediaplane/transcription/transcriptions.h"

namespace tutti::mediaplane {

// A whole media node: DPDK's environment, the port, the engine and its workers,
// the node, its gRPC service and /metrics. One a process, because of DPDK.
class MediaPlaneServer {
 public:
  // Serves when it returns. Each error is one sentence for the operator.
  static absl::StatusOr<std::unique_ptr<MediaPlaneServer>> Start(const ServerOptions& options, Clock& clock);

  // Refuses what is new and waits up to the configured time for calls to end;
  // then says BYE to the others and ends.
  ~MediaPlaneServer();
  MediaPlaneServer(const MediaPlaneServer&) = delete;
  MediaPlaneServer& operator=(const MediaPlaneServer&) = delete;

  int grpc_port() const { return rpc_.port; }

 private:
  explicit MediaPlaneServer(const ServerOptions& options) : options_(options) {}

  absl::Status StartMedia();
  absl::Status CreateEndpoints();
  absl::Status StartControl(Clock& clock);
  void MakeTranscriptions(Clock& clock);
  absl::Status StartRecording(Clock& clock, RecordingsOptions& recordings);
  absl::Duration Poll();
  bool WaitIdle(absl::Duration timeout);

  const ServerOptions options_;
  // Destroyed from the last to the first: who uses before who is used.
  std::unique_ptr<Eal> eal_;
  PacketPool packets_;
  std::unique_ptr<Endpoints> endpoints_;
  // Before it: what the engine has.
  std::unique_ptr<StreamEndpoints> streams_;
  std::unique_ptr<Engine> engine_;
  std::vector<std::unique_ptr<WorkerThread>> worker_threads_;
  Metrics metrics_;
  std::shared_ptr<EngineMetrics> engine_metrics_;
  std::unique_ptr<RealMediaEngine> media_engine_;
  std::unique_ptr<FolderLock> recordings_lock_;
  PosixDisk disk_;
  RecordingFigures recording_figures_;
  std::shared_ptr<RecordingMetrics> recording_metrics_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<WorkThreads> writers_;
  std::unique_ptr<FinisherProcess> finisher_;
  std::unique_ptr<FinisherProcess> uploader_;
  std::unique_ptr<FinisherProcess> deleter_;
  std::unique_ptr<TapThread> tap_thread_;
  std::unique_ptr<TranscriptionMetrics> transcription_metrics_;
  std::unique_ptr<Transcriptions> transcriptions_;
  absl::Mutex idle_mutex_;
  bool idle_ ABSL_GUARDED_BY(idle_mutex_) = true;
  std::unique_ptr<ControlThread> control_thread_;
  std::unique_ptr<AudioPump> audio_pump_;
  std::unique_ptr<MediaPlaneService> service_;
  RpcServer rpc_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_SERVER_MEDIA_PLANE_SERVER_H_
