#ifndef CONTROL_FILES_BODY_REPLY_H_
#define CONTROL_FILES_BODY_REPLY_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "control/files/cancellation.h"
#include "control/service/request.h"
#include "google/api/httpbody.pb.h"
#include "grpcpp/support/server_callback.h"

namespace tutti::control {

// The answer of a method that streams google.api.HttpBody, written by one thread
// that may block: it goes no faster than the client. To be finished once, whatever
// happens.
class BodyReply final : public grpc::ServerWriteReactor<google::api::HttpBody> {
 public:
  static std::shared_ptr<BodyReply> Make(grpc::CallbackServerContext& context, RequestIds ids);

  // Of the client's going.
  Cancellation& cancellation() { return cancellation_; }

  // Headers as in common/rpc/http_body.h; before the first Write.
  void AddHead(const std::vector<std::pair<std::string, std::string>>& metadata);
  // Returns when gRPC takes more; false: the client has gone.
  bool Write(const std::string& content_type, std::string data);
  void End(const absl::Status& status);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  BodyReply(grpc::CallbackServerContext& context, RequestIds ids) : context_(context), ids_(std::move(ids)) {}

  // gRPC's, until the end.
  grpc::CallbackServerContext& context_;
  const RequestIds ids_;
  Cancellation cancellation_;
  // Until OnDone.
  std::shared_ptr<BodyReply> self_;
  google::api::HttpBody message_;
  absl::Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool gone_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tutti::control

#endif  // CONTROL_FILES_BODY_REPLY_H_
