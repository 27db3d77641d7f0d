#ifndef MEDIAPLANE_SERVICE_STREAM_REACTOR_H_
#define MEDIAPLANE_SERVICE_STREAM_REACTOR_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/status/grpc_status.h"
#include "grpcpp/support/server_callback.h"
#include "mediaplane/node/control_thread.h"

namespace tutti::mediaplane {

// One stream of a log's events: a position in it, and at most one message on its
// way. All of it but gRPC's own callbacks runs on the control thread; those
// callbacks only post there. It deletes itself when the stream is done.
template <typename Response>
class StreamReactor : public grpc::ServerWriteReactor<Response> {
 public:
  // `streams` counts the open ones and has counted this one.
  StreamReactor(ControlThread& thread, std::atomic<int>& streams) : thread_(thread), streams_(streams) {}

 protected:
  // To be called at the end of the construction.
  void Begin() {
    thread_.Post([this] { Start(); });
  }

  // Makes the first message. An error ends the stream.
  virtual absl::Status Open(Response& hello) = 0;
  // Makes the next one; false when there is none yet. An error ends the stream.
  virtual absl::StatusOr<bool> Take(Response& next) = 0;
  // `wake` shall run whenever there may be more, until Unsubscribe.
  virtual int64_t Subscribe(std::function<void()> wake) = 0;
  virtual void Unsubscribe(int64_t subscription) = 0;

 private:
  void OnWriteDone(bool ok) override {
    thread_.Post([this, ok] {
      writing_ = false;
      cancelled_ |= !ok;
      if (cancelled_) return End(absl::CancelledError("the watch was cancelled"));
      Next();
    });
  }

  void OnCancel() override {
    thread_.Post([this] {
      cancelled_ = true;
      if (!writing_ && !ended_) End(absl::CancelledError("the watch was cancelled"));
    });
  }

  // Behind whatever the callbacks before have posted.
  void OnDone() override {
    thread_.Post([this] {
      --streams_;
      delete this;
    });
  }

  void Start() {
    const absl::Status opened = Open(message_);
    if (!opened.ok()) return End(opened);
    subscription_ = Subscribe([this] { Next(); });
    Write();
  }

  // Sends the next message if there is one and nothing is on its way.
  void Next() {
    if (writing_ || ended_) return;
    const absl::StatusOr<bool> taken = Take(message_);
    if (!taken.ok()) return End(taken.status());
    if (*taken) Write();
  }

  void Write() {
    writing_ = true;
    this->StartWrite(&message_);
  }

  void End(const absl::Status& status) {
    ended_ = true;
    if (subscription_) Unsubscribe(*subscription_);
    subscription_.reset();
    this->Finish(ToGrpcStatus(status));
  }

  ControlThread& thread_;
  std::atomic<int>& streams_;

  // Control thread only, but that gRPC reads `message_` while `writing_`.
  Response message_;
  std::optional<int64_t> subscription_;
  bool writing_ = false;
  bool ended_ = false;
  // The stream is broken or cancelled: end as soon as nothing is on its way.
  bool cancelled_ = false;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_SERVICE_STREAM_REACTOR_H_
