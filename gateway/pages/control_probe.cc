#include "gateway/pages/control_probe.h"

#include <utility>

#include "common/status/status.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "grpcpp/client_context.h"
#include "grpcpp/impl/codegen/proto_utils.h"

namespace tutti::gateway {
namespace {

// grpc/health/v1/health.proto; its messages are in no library of C++. An empty
// request asks for the whole server; field 1 of the answer is its status.
constexpr char kMethod[] = "/grpc.health.v1.Health/Check";
constexpr int kStatusField = 1;
constexpr uint64_t kServing = 1;

bool IsServing(const google::protobuf::Empty& response) {
  const auto& fields = google::protobuf::Empty::GetReflection()->GetUnknownFields(response);
  return fields.field_count() == 1 && fields.field(0).number() == kStatusField &&
         fields.field(0).type() == google::protobuf::UnknownField::TYPE_VARINT && fields.field(0).varint() == kServing;
}

}  // namespace

struct ControlProbe::Call {
  grpc::ClientContext context;
  google::protobuf::Empty request;
  google::protobuf::Empty response;
  std::function<void(absl::Status)> done;
};

ControlProbe::ControlProbe(std::shared_ptr<grpc::Channel> channel, absl::Duration deadline)
    : stub_(std::move(channel)), deadline_(deadline) {}

ControlProbe::~ControlProbe() {
  const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return calls_.empty(); };
  absl::MutexLock lock(&mutex_);
  for (Call* call : calls_) call->context.TryCancel();
  mutex_.Await(absl::Condition(&none));
}

void ControlProbe::Check(std::function<void(absl::Status)> done) {
  auto* call = new Call;
  call->done = std::move(done);
  call->context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(deadline_));
  {
    absl::MutexLock lock(&mutex_);
    calls_.insert(call);
  }
  stub_.UnaryCall(&call->context, kMethod, {}, &call->request, &call->response,
                  [this, call](const grpc::Status& status) {
                    const std::unique_ptr<Call> owned(call);
                    const bool serving = status.ok() && IsServing(call->response);
                    call->done(serving ? absl::OkStatus()
                                       : Error(absl::StatusCode::kUnavailable, "CONTROL_UNAVAILABLE",
                                               "The control plane can't be reached, or is not serving."));
                    call->done = nullptr;
                    // Last: from here on the probe may be gone.
                    absl::MutexLock lock(&mutex_);
                    calls_.erase(call);
                  });
}

}  // namespace tutti::gateway
