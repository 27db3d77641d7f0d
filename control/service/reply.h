#ifndef CONTROL_SERVICE_REPLY_H_
#define CONTROL_SERVICE_REPLY_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/status/grpc_status.h"
#include "control/core/principal.h"
#include "control/service/authenticator.h"
#include "control/service/read_pool.h"
#include "control/service/request.h"
#include "grpcpp/support/server_callback.h"

namespace tutti::control {

// The answer of a unary call that comes later, from any thread. A call that its
// client has given up ends at once; an answer after that is dropped.
template <typename T>
class LateReply final : public grpc::ServerUnaryReactor {
 public:
  static std::shared_ptr<LateReply> Make(T* response, RequestIds ids) {
    std::shared_ptr<LateReply> reply(new LateReply(response, std::move(ids)));
    reply->self_ = reply;
    return reply;
  }

  void Set(absl::StatusOr<T> result) {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    finished_ = true;
    if (result.ok()) {
      response_->Swap(&*result);
    } else {
      LogFailure(ids_, T::descriptor()->full_name(), result.status());
    }
    Finish(ToGrpcStatus(result.status()));
  }

  void OnCancel() override { Set(absl::CancelledError("the client has given up")); }

  void OnDone() override { const std::shared_ptr<LateReply> last = std::move(self_); }

 private:
  LateReply(T* response, RequestIds ids) : ids_(std::move(ids)), response_(response) {}

  // Until OnDone.
  std::shared_ptr<LateReply> self_;
  absl::Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  const RequestIds ids_;
  // gRPC's, until Finish.
  T* const response_;
};

// The call's answer is what `request` hands to the function it is given, besides
// who calls. A caller without a valid key is refused before.
template <typename T, typename Request>
grpc::ServerUnaryReactor* AnswerLater(const Authenticator& authenticator, const grpc::CallbackServerContext& context,
                                      T* response, const Request& request) {
  const RequestIds ids = ReadRequestIds(context);
  auto reply = LateReply<T>::Make(response, ids);
  grpc::ServerUnaryReactor* reactor = reply.get();
  absl::StatusOr<Principal> principal = authenticator.Authenticate(context);
  if (!principal.ok()) {
    reply->Set(principal.status());
    return reactor;
  }
  principal->traceparent = ids.traceparent;
  request(*principal, [reply](absl::StatusOr<T> result) { reply->Set(std::move(result)); });
  return reactor;
}

// The call's answer is what `read` gives to who calls, on a thread of the pool.
// `read` must not hold on to the request: a call that is given up takes it along.
template <typename T>
grpc::ServerUnaryReactor* AnswerFrom(const Authenticator& authenticator, const grpc::CallbackServerContext& context,
                                     ReadPool& pool, T* response,
                                     std::function<absl::StatusOr<T>(const Principal&)> read) {
  return AnswerLater(
      authenticator, context, response, [&](const Principal& principal, std::function<void(absl::StatusOr<T>)> done) {
        const absl::Status status = pool.Run([principal, done, read = std::move(read)] { done(read(principal)); });
        if (!status.ok()) done(status);
      });
}

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_REPLY_H_
