#ifndef GATEWAY_REST_BODY_STREAM_H_
#define GATEWAY_REST_BODY_STREAM_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gateway/http/http.h"
#include "gateway/rest/call.h"
#include "grpcpp/alarm.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/support/client_callback.h"

namespace tutti::gateway {

// The headers that a method which streams google.api.HttpBody may ask for, as
// metadata of the call (common/rpc/http_body.h). False: one is no metadata.
bool AddBodyHeaders(const Request& request, grpc::ClientContext& context);

// A call whose answer is a stream of google.api.HttpBody, as an answer of HTTP. The
// status and headers come with its first message; then the HTTP server fetches
// piece by piece, so that gRPC holds the sender back when the client is slow.
class BodyStream final : public grpc::ClientBidiReactor<google::protobuf::Message, google::protobuf::Message>,
                         public std::enable_shared_from_this<BodyStream> {
 public:
  using Stub = grpc::TemplatedGenericStub<google::protobuf::Message, google::protobuf::Message>;

  // The wait for each message is given up after `patience`.
  BodyStream(std::unique_ptr<RestCall> call, absl::Duration patience);

  // `ended` is the last that is called, once.
  using Ended = std::function<void(const std::shared_ptr<BodyStream>&)>;
  void Start(Stub& stub, Ended ended);

  // The next piece; one at a time. Thread-safe, as is Cancel.
  void Next(BodySource::Take take);
  void Cancel();

 private:
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  void Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReplyHead();
  void AddHead(Response& response) const;

  const std::unique_ptr<RestCall> call_;
  const absl::Duration patience_;
  // Until OnDone.
  std::shared_ptr<BodyStream> self_;
  Ended ended_;

  absl::Mutex mutex_;
  // A read is under way, until the alarm. Its number tells late alarms apart.
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  int reads_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);
  // Nothing more is read: the hold is let go.
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
  bool late_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  // How it ended.
  std::optional<absl::Status> result_ ABSL_GUARDED_BY(mutex_);
  // The first piece, until it is asked for.
  std::string first_ ABSL_GUARDED_BY(mutex_);
  BodySource::Take take_ ABSL_GUARDED_BY(mutex_);
  // Of gRPC's reactions alone.
  bool head_replied_ = false;
};

}  // namespace tutti::gateway

#endif  // GATEWAY_REST_BODY_STREAM_H_
