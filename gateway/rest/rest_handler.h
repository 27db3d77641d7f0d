#ifndef GATEWAY_REST_REST_HANDLER_H_
#define GATEWAY_REST_REST_HANDLER_H_

#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/id/id.h"
#include "gateway/http/http.h"
#include "gateway/rest/body_stream.h"
#include "gateway/rest/call.h"
#include "gateway/rest/route_table.h"
#include "google/protobuf/message.h"
#include "grpcpp/channel.h"
#include "grpcpp/generic/generic_stub.h"

namespace tutti::gateway {

// REST on the one side, gRPC on the other; knows no path and no method of its
// own. Thread-safe.
class RestHandler final : public Handler {
 public:
  // Every call is given up after `deadline`, a stream when nothing came for so long.
  // `ids` outlives the handler.
  RestHandler(RouteTable routes, std::shared_ptr<grpc::Channel> channel, IdGenerator& ids, absl::Duration deadline);
  // Cancels what is under way and waits for its end.
  ~RestHandler() override;

  void Handle(Request request, Reply reply) override;

 private:
  void StartCall(std::unique_ptr<RestCall> call);
  void FinishCall(RestCall* call, const grpc::Status& status);
  void StartStream(std::unique_ptr<RestCall> call);

  const RouteTable routes_;
  IdGenerator& ids_;
  grpc::TemplatedGenericStub<google::protobuf::Message, google::protobuf::Message> stub_;
  const absl::Duration deadline_;
  absl::Mutex mutex_;
  std::set<RestCall*> calls_ ABSL_GUARDED_BY(mutex_);
  std::set<std::shared_ptr<BodyStream>> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::gateway

#endif  // GATEWAY_REST_REST_HANDLER_H_
