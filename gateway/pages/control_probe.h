#ifndef GATEWAY_PAGES_CONTROL_PROBE_H_
#define GATEWAY_PAGES_CONTROL_PROBE_H_

#include <functional>
#include <memory>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "grpcpp/channel.h"
#include "grpcpp/generic/generic_stub.h"

namespace tutti::gateway {

// Asks a process by the standard gRPC health service. Thread-safe.
class ControlProbe {
 public:
  ControlProbe(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline);
  // Cancels what is under way and waits for its end.
  ~ControlProbe();

  // Calls `done` once, on any thread: OK, or UNAVAILABLE (CONTROL_UNAVAILABLE).
  void Check(std::function<void(absl::Status)> done);

 private:
  struct Call;

  grpc::TemplatedGenericStub<google::protobuf::Message, google::protobuf::Message> stub_;
  const absl::Duration deadline_;
  absl::Mutex mutex_;
  std::set<Call*> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::gateway

#endif  // GATEWAY_PAGES_CONTROL_PROBE_H_
