#ifndef CONTROL_HTTP_CLIENT_FAKE_HTTP_CLIENT_H_
#define CONTROL_HTTP_CLIENT_FAKE_HTTP_CLIENT_H_

#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/status/status.h"
#include "control/http_client/http_client.h"

namespace tutti::control {

// For tests: keeps what was sent until the test answers it, or answers by a
// handler. Thread-safe.
class FakeHttpClient final : public HttpClient {
 public:
  struct Sent {
    HttpRequest request;
    Done done;
  };
  using Handler = std::function<absl::StatusOr<HttpResponse>(const HttpRequest&)>;

  ~FakeHttpClient() override = default;

  // From now on requests are answered at once by it.
  void SetHandler(Handler handler) {
    absl::MutexLock lock(&mutex_);
    handler_ = std::move(handler);
  }

  void Send(HttpRequest request, Done done) override {
    Handler handler;
    {
      absl::MutexLock lock(&mutex_);
      handler = handler_;
      if (!handler) {
        sent_.push_back({std::move(request), std::move(done)});
        return;
      }
    }
    done(handler(request));
  }

  // Only http and https; the guard has tests of its own.
  absl::Status CheckUrl(const std::string& url) override {
    if (url.rfind("http://", 0) == 0 || url.rfind("https://", 0) == 0) return absl::OkStatus();
    return Error(absl::StatusCode::kInvalidArgument, "URL_NOT_ALLOWED", "must begin with http:// or https://");
  }

  // What nobody has answered yet.
  size_t Waiting() {
    absl::MutexLock lock(&mutex_);
    return sent_.size();
  }
  // The oldest of them; it must be there.
  Sent Take() {
    absl::MutexLock lock(&mutex_);
    Sent sent = std::move(sent_.front());
    sent_.pop_front();
    return sent;
  }
  // Takes the oldest and answers it.
  HttpRequest Answer(absl::StatusOr<HttpResponse> response) {
    Sent sent = Take();
    sent.done(std::move(response));
    return std::move(sent.request);
  }
  HttpRequest AnswerStatus(int status) { return Answer(HttpResponse{status, "", "", ""}); }

 private:
  absl::Mutex mutex_;
  Handler handler_ ABSL_GUARDED_BY(mutex_);
  std::deque<Sent> sent_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::control

#endif  // CONTROL_HTTP_CLIENT_FAKE_HTTP_CLIENT_H_
