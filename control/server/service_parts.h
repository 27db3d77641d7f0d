#ifndef CONTROL_SERVER_SERVICE_PARTS_H_
#define CONTROL_SERVER_SERVICE_PARTS_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "control/metrics/control_metrics.h"
#include "control/scheduler/effect_router.h"
#include "control/scheduler/event_sequencer.h"
#include "control/scheduler/task_queue.h"
#include "control/server/core_parts.h"
#include "control/server/file_parts.h"
#include "control/server/media_parts.h"
#include "control/server/options.h"
#include "control/server/webhook_parts.h"
#include "control/service/announcer.h"
#include "control/service/call_service.h"
#include "control/service/conference_service.h"
#include "control/service/conferencecall_service.h"
#include "control/service/event_service.h"
#include "control/service/flow_service.h"
#include "control/service/media_streams.h"
#include "control/service/read_pool.h"
#include "control/service/recording_service.h"
#include "control/service/sound_service.h"
#include "control/service/transcribe_service.h"
#include "control/service/webhook_service.h"

namespace tutti::control {

// What customers reach by gRPC.
class ServiceParts {
 public:
  // What is below the services; all of it outlives them.
  struct Base {
    const Authenticator& authenticator;
    CoreParts& core;
    MediaParts& media;
    WebhookParts& webhooks;
    EffectRouter& router;
    Clock& clock;
    Metrics& metrics;
    ControlMetrics& counters;
  };

  // An error is one sentence for the operator.
  static absl::StatusOr<std::unique_ptr<ServiceParts>> Make(const ServerOptions& options, const Base& base);

  std::vector<grpc::Service*> All();
  EventService& events() { return events_; }
  const ReadPool& reads() const { return reads_; }

  // Other replicas may have committed something. Thread-safe; does not block.
  void OnLook();
  void Wake() { event_queue_.Wake(); }

  // Ends what would hold the server up.
  void EndWatches() { events_.EndAll(); }
  // After the server, whose end has told those who read.
  void Stop();
  // After all who wait for others' responses, which are told of here.
  void StopReads() { reads_.Stop(); }

 private:
  ServiceParts(const ServerOptions& options, const Base& base, std::unique_ptr<FileParts> files);

  void Route(EffectRouter& router);

  std::unique_ptr<FileParts> files_;
  ReadPool reads_;
  // Watches of events.
  TaskQueue event_queue_;
  Announcer announcer_;
  MediaStreams streams_;
  ConferenceService conferences_;
  ConferencecallService conferencecalls_;
  CallService calls_;
  EventService events_;
  FlowService flows_;
  SoundService sounds_;
  WebhookService webhooks_;
  RecordingService recordings_;
  TranscribeService transcribes_;
  // Only where the store does not order events by itself.
  std::unique_ptr<EventSequencer> sequencer_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVER_SERVICE_PARTS_H_
