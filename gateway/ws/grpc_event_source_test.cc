#include "gateway/ws/grpc_event_source.h"

#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/rpc/client.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"

namespace tutti::gateway::ws {
namespace {

using control::v1::Event;
using control::v1::WatchEventsRequest;

const TraceContext kTrace{"0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", true};

// Tells events without end, as far as they are taken.
class EndlessEvents final : public control::v1::EventService::Service {
 public:
  grpc::Status Watch(grpc::ServerContext* context, const WatchEventsRequest* request,
                     grpc::ServerWriter<Event>* writer) override {
    const auto key = context->client_metadata().find("authorization");
    if (key == context->client_metadata().end() || key->second != "Bearer good") {
      return ToGrpcStatus(Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "no"));
    }
    if (const auto trace = context->client_metadata().find("traceparent"); trace != context->client_metadata().end()) {
      absl::MutexLock lock(&mutex);
      traceparent.assign(trace->second.data(), trace->second.size());
    }
    if (request->stream().empty()) context->AddInitialMetadata("tutti-cursor", "here");
    writer->SendInitialMetadata();
    Event event;
    for (int64_t sequence = 1; !context->IsCancelled(); ++sequence) {
      event.set_sequence(sequence);
      if (!writer->Write(event)) break;
      written = sequence;
      if (request->ends() && sequence == 3) return grpc::Status::OK;
    }
    return grpc::Status::CANCELLED;
  }

  std::atomic<int64_t> written{0};
  absl::Mutex mutex;
  std::string traceparent ABSL_GUARDED_BY(mutex);
};

class GrpcEventSourceTest : public ::testing::Test {
 protected:
  GrpcEventSourceTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    source_ = std::make_unique<GrpcEventSource>(MakeRpcChannel(absl::StrCat("127.0.0.1:", port)), loop_);
  }
  ~GrpcEventSourceTest() override {
    loop_.Stop();
    stream_ = nullptr;
    source_ = nullptr;
    server_->Shutdown();
  }

  // Takes `take` events, then none, or all where it is -1.
  void Watch(const WatchEventsRequest& request, int take, const std::string& key = "Bearer good") {
    loop_.Post([this, request, take, key] {
      stream_ = source_->Watch(key, {"request", kTrace}, request,
                               {[this](const std::string& cursor) { cursor_ = cursor; },
                                [this, take](const Event& event) {
                                  {
                                    absl::MutexLock lock(&mutex_);
                                    last_ = event.sequence();
                                  }
                                  if (take < 0 || event.sequence() < take) stream_->Next();
                                },
                                [this](const absl::Status& status) {
                                  end_ = status;
                                  ended_.Notify();
                                }});
    });
  }
  void AwaitLast(int64_t sequence) {
    const auto there = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return last_ >= sequence; };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&there));
  }
  void Cancel() {
    loop_.Post([this] { stream_->Cancel(); });
    ended_.WaitForNotification();
  }

  EndlessEvents service_;
  std::unique_ptr<grpc::Server> server_;
  ThreadLoop loop_;
  std::unique_ptr<GrpcEventSource> source_;
  // The loop's.
  std::shared_ptr<EventSource::Stream> stream_;
  std::string cursor_;
  absl::Status end_;
  absl::Notification ended_;
  absl::Mutex mutex_;
  int64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
};

TEST_F(GrpcEventSourceTest, EventsComeAsTheyAreAskedFor) {
  Watch({}, 3);
  AwaitLast(3);
  Cancel();
  EXPECT_EQ(cursor_, "here");
  absl::MutexLock lock(&mutex_);
  EXPECT_EQ(last_, 3);
}

TEST_F(GrpcEventSourceTest, AWatchCarriesItsTrace) {
  Watch({}, 1);
  AwaitLast(1);
  Cancel();
  absl::MutexLock lock(&service_.mutex);
  EXPECT_EQ(service_.traceparent, FormatTraceparent(kTrace));
}

TEST_F(GrpcEventSourceTest, AnEndIsToldWithItsReason) {
  WatchEventsRequest request;
  request.set_stream("conference:x");
  request.set_ends(true);
  Watch(request, -1);
  ended_.WaitForNotification();
  EXPECT_TRUE(end_.ok()) << end_;
  EXPECT_EQ(cursor_, "");
  absl::MutexLock lock(&mutex_);
  EXPECT_EQ(last_, 3);
}

TEST_F(GrpcEventSourceTest, ARefusalHasItsReasonAndNoCursor) {
  Watch({}, -1, "Bearer bad");
  ended_.WaitForNotification();
  EXPECT_EQ(GetErrorDetail(end_).reason, "UNAUTHENTICATED");
  EXPECT_EQ(cursor_, "");
}

TEST_F(GrpcEventSourceTest, ItEndsWithWatchesOpen) {
  Watch({}, 1);
  AwaitLast(1);
}

TEST_F(GrpcEventSourceTest, ItEndsWhileEventsCome) {
  Watch({}, -1);
  AwaitLast(10);
}

}  // namespace
}  // namespace tutti::gateway::ws
