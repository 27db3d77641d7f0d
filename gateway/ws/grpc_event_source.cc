#include "gateway/ws/grpc_event_source.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/status/grpc_status.h"

namespace tutti::gateway::ws {
namespace {

using control::v1::Event;
using control::v1::EventService;
using control::v1::WatchEventsRequest;

constexpr char kCursorMetadata[] = "tutti-cursor";

}  // namespace

// The calls that have not ended.
class GrpcEventSource::Open {
 public:
  void Add(const std::shared_ptr<Reactor>& reactor) {
    absl::MutexLock lock(&mutex_);
    reactors_.insert(reactor);
  }
  void Remove(const std::shared_ptr<Reactor>& reactor) {
    absl::MutexLock lock(&mutex_);
    reactors_.erase(reactor);
  }
  void CancelAndWait();

 private:
  absl::Mutex mutex_;
  std::set<std::shared_ptr<Reactor>> reactors_ ABSL_GUARDED_BY(mutex_);
};

// A hold keeps the call open for Next(), which comes from outside gRPC's
// reactions; it is let go by the read that fails, or by Cancel when none is due.
class GrpcEventSource::Reactor final : public grpc::ClientReadReactor<Event>, public Stream {
 public:
  Reactor(Loop& loop, std::shared_ptr<Open> open, const WatchEventsRequest& request, Handler handler)
      : loop_(loop), open_(std::move(open)), request_(request), handler_(std::move(handler)) {}

  void Start(EventService::Stub& stub, const std::string& authorization, const Ids& ids,
             std::shared_ptr<Reactor> self) {
    self_ = std::move(self);
    open_->Add(self_);
    if (!authorization.empty()) context_.AddMetadata("authorization", authorization);
    context_.AddMetadata("x-request-id", ids.request_id);
    context_.AddMetadata("traceparent", FormatTraceparent(ids.trace));
    stub.async()->Watch(&context_, &request_, this);
    AddHold();
    StartRead(&event_);
    StartCall();
  }

  void Next() override {
    absl::MutexLock lock(&mutex_);
    if (!idle_) return;
    idle_ = false;
    StartRead(&event_);
  }

  void Cancel() override {
    context_.TryCancel();
    {
      absl::MutexLock lock(&mutex_);
      cancelled_ = true;
      if (!idle_) return;
      idle_ = false;
    }
    RemoveHold();
  }

  void OnReadInitialMetadataDone(bool ok) override {
    if (!ok) return;
    const auto& metadata = context_.GetServerInitialMetadata();
    const auto found = metadata.find(kCursorMetadata);
    std::string cursor;
    if (found != metadata.end()) cursor.assign(found->second.data(), found->second.size());
    loop_.Post([self = self_, cursor] { self->handler_.on_begin(cursor); });
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      absl::MutexLock lock(&mutex_);
      idle_ = !cancelled_;
      loop_.Post([self = self_, event = event_] { self->handler_.on_event(event); });
      if (idle_) return;
    }
    RemoveHold();
  }

  void OnDone(const grpc::Status& status) override {
    loop_.Post([self = self_, status = FromGrpcStatus(status)] { self->handler_.on_end(status); });
    const std::shared_ptr<Reactor> last = std::move(self_);
    open_->Remove(last);
  }

 private:
  Loop& loop_;
  const std::shared_ptr<Open> open_;
  const WatchEventsRequest request_;
  const Handler handler_;
  grpc::ClientContext context_;
  Event event_;
  std::shared_ptr<Reactor> self_;
  absl::Mutex mutex_;
  // An event was handed over and Next() has not come yet.
  bool idle_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

void GrpcEventSource::Open::CancelAndWait() {
  std::vector<std::shared_ptr<Reactor>> reactors;
  {
    absl::MutexLock lock(&mutex_);
    reactors.assign(reactors_.begin(), reactors_.end());
  }
  for (const auto& reactor : reactors) reactor->Cancel();
  reactors.clear();
  const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return reactors_.empty(); };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&none));
}

GrpcEventSource::GrpcEventSource(const std::shared_ptr<grpc::Channel>& channel, Loop& loop)
    : loop_(loop), stub_(EventService::NewStub(channel)), open_(std::make_shared<Open>()) {}

GrpcEventSource::~GrpcEventSource() { open_->CancelAndWait(); }

std::shared_ptr<EventSource::Stream> GrpcEventSource::Watch(const std::string& authorization, const Ids& ids,
                                                            const WatchEventsRequest& request, Handler handler) {
  auto reactor = std::make_shared<Reactor>(loop_, open_, request, std::move(handler));
  reactor->Start(*stub_, authorization, ids, reactor);
  return reactor;
}

}  // namespace tutti::gateway::ws
