#ifndef CONTROL_SERVER_CONTROL_SERVER_H_
#define CONTROL_SERVER_CONTROL_SERVER_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "common/s3/bucket.h"
#include "common/tls/tls.h"
#include "control/core/core.h"
#include "control/http_client/curl_http_client.h"
#include "control/media/node_watcher.h"
#include "control/scheduler/scheduler.h"
#include "control/scheduler/task_queue.h"
#include "control/service/authenticator.h"
#include "control/sound/sounds.h"
#include "control/webhook/delivery_engine.h"

namespace tutti::control {

// The whole control plane in one object: store, core, media nodes, services.
class ControlServer {
 public:
  struct Options {
    std::string grpc_listen = "127.0.0.1:50051";
    // Empty: no /metrics.
    std::string metrics_listen;
    // Made when missing; SQLite's file is tutti.db in it.
    std::string data_dir;
    // Empty: SQLite. Else the data base that all replicas share.
    std::string postgres_url;
    // Tells who calls; by default everybody is one customer.
    Authenticator authenticator;
    // Null: plain text. Else of the gRPC API and of connections to media nodes and
    // the speech server.
    std::shared_ptr<const Tls> tls;
    // Of the speech server.
    std::string speech_address = "127.0.0.1:50054";
    // Addresses of media nodes by id.
    std::map<std::string, std::string> media_nodes;
    // Where media nodes bring recordings to; nothing: they keep them.
    std::optional<s3::BucketOptions> object_store;
    MonotonicClock monotonic = SystemMonotonicClock();
    // For URLs that others have told us; its clock is `monotonic`.
    CurlHttpClient::Options http;
    Sounds::Options sounds;
    DeliveryEngine::Options webhooks;
    Core::Options core;
    NodeWatcher::Options watcher;
    Scheduler::Options scheduler;
  };

  // `clock` outlives the server. An error is one sentence for the operator.
  static absl::StatusOr<std::unique_ptr<ControlServer>> Start(const Options& options, Clock& clock);

  // Refuses new calls, gives those that run two seconds, commits what was
  // submitted.
  ~ControlServer();

  int GrpcPort() const;
  // True when the node can take calls.
  bool IsNodeUp(const std::string& node_id) const;
  // Tests that have moved the clocks: look again.
  void Wake();
  Metrics& metrics();

 private:
  struct Parts;
  explicit ControlServer(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVER_CONTROL_SERVER_H_
