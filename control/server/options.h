#ifndef CONTROL_SERVER_OPTIONS_H_
#define CONTROL_SERVER_OPTIONS_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/s3/bucket.h"
#include "common/tls/tls.h"
#include "control/http_client/curl_http_client.h"
#include "control/media/node_watcher.h"
#include "control/rules/options.h"
#include "control/scheduler/scheduler.h"
#include "control/scheduler/task_queue.h"
#include "control/service/authenticator.h"
#include "control/sound/sounds.h"
#include "control/webhook/delivery_engine.h"
#include "tutti/config/v1/config.pb.h"

namespace tutti::control {

// How control runs; the defaults are the product's.
struct ServerOptions {
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
  CoreOptions core;
  NodeWatcher::Options watcher;
  Scheduler::Options scheduler;
};

// INVALID_ARGUMENT with one sentence that names the setting; what TLS and keys need may
// also be another error.
absl::StatusOr<ServerOptions> MakeServerOptions(const config::v1::Config& config);

}  // namespace tutti::control

#endif  // CONTROL_SERVER_OPTIONS_H_
