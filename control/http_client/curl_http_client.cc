#include "control/http_client/curl_http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/status/status.h"
#include "control/http_client/transfer.h"
#include "control/http_client/url.h"

namespace tutti::control {
namespace {

// Connections that wait for their next request.
constexpr long kIdleConnectionsMax = 128;
constexpr int kPollMsMax = 1'000;

void InitCurlOnce() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)result;
}

absl::Status ShuttingDown() { return Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "control is ending"); }

}  // namespace

class CurlHttpClient::Loop {
 public:
  explicit Loop(Options options) : options_(std::move(options)) {
    InitCurlOnce();
    multi_ = curl_multi_init();
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnectionsMax);
    thread_ = std::thread([this] { Run(); });
  }

  ~Loop() {
    Stop();
    curl_multi_cleanup(multi_);
  }

  void Stop() {
    ending_ = true;
    curl_multi_wakeup(multi_);
    if (thread_.joinable()) thread_.join();
  }

  void Add(HttpRequest request, Url url, Done done) {
    Waiting waiting;
    waiting.deadline = options_.monotonic() + request.timeout;
    waiting.transfer = std::make_unique<Transfer>(std::move(request), std::move(url), std::move(done), options_.guard);
    {
      absl::MutexLock lock(&mutex_);
      if (!has_ended_) incoming_.push_back(std::move(waiting));
    }
    if (waiting.transfer) return waiting.transfer->Refuse(ShuttingDown());
    curl_multi_wakeup(multi_);
  }

  const AddressGuard& guard() const { return options_.guard; }

 private:
  struct Waiting {
    std::unique_ptr<Transfer> transfer;
    absl::Duration deadline;
  };
  struct Host {
    std::deque<Waiting> waiting;
    int running = 0;
  };

  void Run() {
    while (!ending_) {
      TakeIncoming();
      RefuseLate();
      StartWaiting();
      int running = 0;
      curl_multi_perform(multi_, &running);
      EndDone();
      curl_multi_poll(multi_, nullptr, 0, PollMs(), nullptr);
    }
    EndAll();
  }

  // False: nothing came.
  bool TakeIncoming() {
    std::deque<Waiting> taken;
    {
      absl::MutexLock lock(&mutex_);
      taken.swap(incoming_);
      has_ended_ = ending_ && taken.empty();
    }
    for (Waiting& waiting : taken) {
      Host& host = hosts_[waiting.transfer->origin()];
      if (static_cast<int>(host.waiting.size()) >= options_.host_waiting_max) {
        waiting.transfer->Refuse(Error(absl::StatusCode::kResourceExhausted, "HTTP_TOO_MANY_REQUESTS",
                                       "too many requests wait for this host"));
        continue;
      }
      host.waiting.push_back(std::move(waiting));
    }
    return !taken.empty();
  }

  void RefuseLate() {
    const absl::Duration now = options_.monotonic();
    std::vector<std::unique_ptr<Transfer>> late;
    for (auto place = hosts_.begin(); place != hosts_.end();) {
      std::deque<Waiting>& waiting = place->second.waiting;
      for (Waiting& one : waiting) {
        if (one.deadline <= now) late.push_back(std::move(one.transfer));
      }
      waiting.erase(std::remove_if(waiting.begin(), waiting.end(), [](const Waiting& one) { return !one.transfer; }),
                    waiting.end());
      place = waiting.empty() && place->second.running == 0 ? hosts_.erase(place) : std::next(place);
    }
    for (auto& transfer : late) {
      transfer->Refuse(Error(absl::StatusCode::kDeadlineExceeded, "HTTP_TIMEOUT", "no connection was free in time"));
    }
  }

  // One of each host in turn, beginning behind the one that was last.
  void StartWaiting() {
    bool has_started = true;
    while (has_started && static_cast<int>(running_.size()) < options_.requests_max) {
      has_started = false;
      for (size_t i = hosts_.size(); i > 0 && static_cast<int>(running_.size()) < options_.requests_max; --i) {
        auto place = hosts_.upper_bound(last_host_);
        if (place == hosts_.end()) place = hosts_.begin();
        last_host_ = place->first;
        Host& host = place->second;
        if (host.waiting.empty() || host.running >= options_.host_requests_max) continue;
        Waiting next = std::move(host.waiting.front());
        host.waiting.pop_front();
        Start(host, std::move(next));
        has_started = true;
      }
    }
  }

  void Start(Host& host, Waiting next) {
    const long timeout_ms = static_cast<long>(absl::ToInt64Milliseconds(next.deadline - options_.monotonic()));
    CURL* easy = next.transfer->Begin(timeout_ms, options_.ca);
    if (easy == nullptr || curl_multi_add_handle(multi_, easy) != CURLM_OK) {
      next.transfer->Refuse(Error(absl::StatusCode::kUnavailable, "HTTP_FAILED", "no memory for a request"));
      return;
    }
    ++host.running;
    running_.emplace(easy, std::move(next.transfer));
  }

  void EndDone() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      // Gone with the handle.
      const CURLcode code = message->data.result;
      const auto place = running_.find(message->easy_handle);
      const std::unique_ptr<Transfer> transfer = std::move(place->second);
      running_.erase(place);
      curl_multi_remove_handle(multi_, transfer->easy());
      --hosts_[transfer->origin()].running;
      has_room_ = true;
      transfer->End(code);
    }
  }

  int PollMs() {
    // Its place may be somebody's who waits.
    if (std::exchange(has_room_, false)) return 0;
    absl::Duration first = absl::Milliseconds(kPollMsMax);
    const absl::Duration now = options_.monotonic();
    for (const auto& [origin, host] : hosts_) {
      for (const Waiting& waiting : host.waiting) first = std::min(first, waiting.deadline - now);
    }
    return static_cast<int>(absl::ToInt64Milliseconds(std::max(first, absl::ZeroDuration()))) + 1;
  }

  // Until what they have sent in answer is refused, too.
  void EndAll() {
    for (auto& [easy, transfer] : running_) {
      curl_multi_remove_handle(multi_, easy);
      transfer->Refuse(ShuttingDown());
    }
    running_.clear();
    bool has_more = true;
    while (has_more) {
      has_more = TakeIncoming();
      for (auto& [origin, host] : hosts_) {
        for (Waiting& waiting : host.waiting) waiting.transfer->Refuse(ShuttingDown());
      }
      hosts_.clear();
    }
  }

  const Options options_;
  CURLM* multi_ = nullptr;
  std::atomic<bool> ending_{false};
  absl::Mutex mutex_;
  std::deque<Waiting> incoming_ ABSL_GUARDED_BY(mutex_);
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
  // The thread's.
  std::map<std::string, Host> hosts_;
  std::string last_host_;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> running_;
  bool has_room_ = false;
  std::thread thread_;
};

CurlHttpClient::CurlHttpClient(Options options) : loop_(std::make_unique<Loop>(std::move(options))) {}

CurlHttpClient::~CurlHttpClient() = default;

void CurlHttpClient::Stop() { loop_->Stop(); }

void CurlHttpClient::Send(HttpRequest request, Done done) {
  absl::Status status = CheckHttpRequest(request);
  if (!status.ok()) return done(std::move(status));
  auto url = ParseUrl(request.url, loop_->guard());
  if (!url.ok()) return done(url.status());
  loop_->Add(std::move(request), *std::move(url), std::move(done));
}

absl::Status CurlHttpClient::CheckUrl(const std::string& url) { return ParseUrl(url, loop_->guard()).status(); }

}  // namespace tutti::control
