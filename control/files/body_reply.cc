#include "control/files/body_reply.h"

#include "common/status/grpc_status.h"

namespace tutti::control {

std::shared_ptr<BodyReply> BodyReply::Make(grpc::CallbackServerContext& context, RequestIds ids) {
  std::shared_ptr<BodyReply> reply(new BodyReply(context, std::move(ids)));
  reply->self_ = reply;
  return reply;
}

void BodyReply::AddHead(const std::vector<std::pair<std::string, std::string>>& metadata) {
  for (const auto& [name, value] : metadata) context_.AddInitialMetadata(name, value);
}

bool BodyReply::Write(const std::string& content_type, std::string data) {
  {
    absl::MutexLock lock(&mutex_);
    if (gone_) return false;
    writing_ = true;
  }
  message_.set_content_type(content_type);
  message_.set_data(std::move(data));
  StartWrite(&message_);
  absl::MutexLock lock(&mutex_);
  const auto done = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !writing_; };
  mutex_.Await(absl::Condition(&done));
  return !gone_;
}

void BodyReply::End(const absl::Status& status) {
  LogFailure(ids_, google::api::HttpBody::descriptor()->full_name(), status);
  Finish(ToGrpcStatus(status));
}

void BodyReply::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  gone_ |= !ok;
}

void BodyReply::OnCancel() {
  {
    absl::MutexLock lock(&mutex_);
    gone_ = true;
  }
  cancellation_.Cancel();
}

void BodyReply::OnDone() { const std::shared_ptr<BodyReply> last = std::move(self_); }

}  // namespace tutti::control
