#include "control/service/event_service.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <optional>
#include <unordered_set>
#include <utility>

#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "control/service/request.h"

namespace tutti::control {
namespace {

constexpr int kWatchersMax = 1000;
constexpr int kTypesMax = 64;

// Events that a watcher reads at once, and so the most that wait for a client.
constexpr int kBatch = 64;

// Streams remembered between two wakes; beyond them everybody is woken.
constexpr size_t kWrittenMax = 1024;

// Live events that wait for one client; who talks waits once for each participant.
constexpr size_t kLiveMax = 4096;

// Where a Watch of all streams begins.
constexpr char kCursorMetadata[] = "tutti-cursor";

constexpr const char* kLiveTypes[] = {"conferencecall_talking", "call_dtmf", "transcript_interim"};

bool IsLive(const std::string& type) {
  return std::any_of(std::begin(kLiveTypes), std::end(kLiveTypes), [&](const char* live) { return type == live; });
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace

// One Watch. gRPC's reactions only post; all else runs on the queue.
class EventService::Watcher final : public grpc::ServerWriteReactor<v1::Event> {
 public:
  Watcher(EventService& service, Principal principal, const v1::WatchEventsRequest& request,
          grpc::CallbackServerContext& context)
      : service_(service),
        principal_(std::move(principal)),
        request_(request),
        begun_at_(service.clock_.Now()),
        ids_(ReadRequestIds(context)),
        context_(context) {
    wants_live_ = request_.live();
    for (const std::string& type : request_.types()) wants_live_ |= IsLive(type);
  }

  void Start(std::shared_ptr<Watcher> self, absl::Status refused) {
    self_ = std::move(self);
    Post([this, refused] { Begin(refused); });
  }

  void Pump() {
    if (!begun_ || busy_ || end_.has_value()) return;
    // In turns where there is both.
    live_turn_ = !live_turn_;
    const bool taken = (live_turn_ && TakeLive()) || TakeStored() || TakeLive();
    // A read may have ended it.
    if (!taken || end_.has_value()) return;
    busy_ = true;
    StartWrite(&current_);
  }

  bool WantsLive(const LiveEvent& live) const {
    return wants_live_ && live.customer_id == principal_.customer_id && IsWanted(live.event.type()) &&
           (request_.stream().empty() || request_.stream() == live.event.stream());
  }

  void OfferLive(const std::shared_ptr<const LiveEvent>& live) {
    if (live->event.has_talking()) {
      for (auto& waiting : live_) {
        if (!waiting->event.has_talking()) continue;
        if (waiting->event.talking().conferencecall_id() == live->event.talking().conferencecall_id()) {
          waiting = live;
          return;
        }
      }
    }
    if (live->event.has_transcript()) {
      for (auto& waiting : live_) {
        const v1::Transcript& before = waiting->event.transcript();
        if (!waiting->event.has_transcript() || before.transcribe_id() != live->event.transcript().transcribe_id() ||
            before.conferencecall_id() != live->event.transcript().conferencecall_id()) {
          continue;
        }
        waiting = live;
        return;
      }
    }
    if (live_.size() >= kLiveMax) {
      return End(
          Error(absl::StatusCode::kResourceExhausted, "WATCH_TOO_SLOW", "too many live events wait for the client"));
    }
    live_.push_back(live);
  }

  // Once what is on its way to the client is through.
  void End(const absl::Status& status) {
    if (end_.has_value()) return;
    end_ = status;
    if (!busy_) FinishNow();
  }

  const std::string& stream() const { return request_.stream(); }

  void OnSendInitialMetadataDone(bool ok) override {
    Post([this, ok] {
      busy_ = false;
      begun_ = true;
      if (end_.has_value()) return FinishNow();
      if (!ok) return End(absl::CancelledError("the client has gone"));
      Pump();
    });
  }

  void OnWriteDone(bool ok) override {
    Post([this, ok] {
      busy_ = false;
      if (end_.has_value()) return FinishNow();
      if (!ok) return End(absl::CancelledError("the client has gone"));
      const absl::Time written_at = ToTime(current_.time());
      if (written_at >= begun_at_ && current_.sequence() > 0) {
        service_.on_delivered_(service_.clock_.Now() - written_at);
      }
      Pump();
    });
  }

  void OnCancel() override {
    Post([this] { End(absl::CancelledError("the client has gone")); });
  }

  void OnDone() override {
    service_.count_.fetch_sub(1, std::memory_order_relaxed);
    Post([this, self = self_] { service_.watchers_.erase(self); });
    const std::shared_ptr<Watcher> last = std::move(self_);
  }

  static absl::Status Ending() { return Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "control is ending"); }

 private:
  void Post(std::function<void()> task) {
    service_.queue_.Post([self = self_, task = std::move(task)] { task(); });
  }

  void Begin(const absl::Status& refused) {
    if (end_.has_value()) return;
    if (!refused.ok()) return End(refused);
    if (!request_.stream().empty() || !request_.cursor().empty()) return BeginAtPoint();
    // From now on: what was committed before this moment gets its place before it.
    service_.events_.Sequence([self = self_](const absl::StatusOr<int64_t>& count) {
      if (count.ok() && *count > 0) self->service_.OnSequenced();
      self->service_.queue_.Post([self] { self->BeginAtPoint(); });
    });
  }

  void BeginAtPoint() {
    if (end_.has_value()) return;
    if (service_.ending_) return End(Ending());
    auto point =
        service_.events_.FindPoint(principal_, request_.stream(), request_.after_sequence(), request_.cursor());
    if (!point.ok()) return End(point.status());
    point_ = *std::move(point);
    if (absl::Status bounded = SetUntil(); !bounded.ok()) return End(bounded);
    if (point_.stream.empty()) {
      context_.AddInitialMetadata(kCursorMetadata, service_.events_.MakeCursor(principal_, point_));
    }
    service_.watchers_.insert(self_);
    if (wants_live_) {
      for (const auto& talker : service_.find_talkers_(principal_.customer_id, request_.stream())) {
        if (WantsLive(*talker)) OfferLive(talker);
      }
    }
    busy_ = true;
    // Tells the client that nothing after this moment is missed.
    StartSendInitialMetadata();
  }

  absl::Status SetUntil() {
    if (request_.until_cursor().empty()) return absl::OkStatus();
    if (!request_.stream().empty()) {
      return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER",
                   "until_cursor can't be given with a stream");
    }
    TUTTI_ASSIGN_OR_RETURN(const EventPoint until,
                           service_.events_.FindPoint(principal_, "", 0, request_.until_cursor()));
    point_.until = until.after;
    if (point_.until >= point_.after) return absl::OkStatus();
    return Error(absl::StatusCode::kFailedPrecondition, "CURSOR_AHEAD", "cursor is behind until_cursor");
  }

  // The next one to write; false: there is none.
  bool TakeLive() {
    while (!live_.empty()) {
      current_ = live_.front()->event;
      live_.pop_front();
      if (!current_.has_talking()) return true;
      // Told once each, whatever it was replaced by.
      const std::string& id = current_.talking().conferencecall_id();
      if (current_.talking().talking() ? talkers_.insert(id).second : talkers_.erase(id) != 0) return true;
    }
    return false;
  }

  bool TakeStored() {
    if (buffer_.empty() && !Read()) return false;
    current_ = std::move(buffer_.front());
    buffer_.pop_front();
    return true;
  }

  // Fills the buffer; false: nothing to write now.
  bool Read() {
    const int64_t before = point_.after;
    auto events = service_.events_.Read(principal_, point_, kBatch);
    if (!events.ok()) {
      End(events.status());
      return false;
    }
    for (v1::Event& event : *events) {
      if (IsWanted(event.type())) buffer_.push_back(std::move(event));
    }
    if (!buffer_.empty()) return true;
    // Others' turn, then on behind what was not for this one.
    if (point_.after != before) {
      Post([this] { Pump(); });
    } else if (request_.ends() || !request_.until_cursor().empty()) {
      End(absl::OkStatus());
    }
    return false;
  }

  bool IsWanted(const std::string& type) const {
    if (request_.types().empty()) return true;
    for (const std::string& wanted : request_.types()) {
      if (wanted == type) return true;
    }
    return false;
  }

  void FinishNow() {
    LogFailure(ids_, v1::Event::descriptor()->full_name(), *end_);
    Finish(ToGrpcStatus(*end_));
  }

  EventService& service_;
  const Principal principal_;
  const v1::WatchEventsRequest request_;
  const absl::Time begun_at_;
  const RequestIds ids_;
  // gRPC's, until its metadata is sent.
  grpc::CallbackServerContext& context_;
  bool wants_live_ = false;
  // Until OnDone.
  std::shared_ptr<Watcher> self_;
  EventPoint point_;
  std::deque<v1::Event> buffer_;
  std::deque<std::shared_ptr<const LiveEvent>> live_;
  bool live_turn_ = false;
  // Participants of which this client knows that they talk.
  std::unordered_set<std::string> talkers_;
  // On its way.
  v1::Event current_;
  bool begun_ = false;
  // The initial metadata or a write is on its way.
  bool busy_ = false;
  std::optional<absl::Status> end_;
};

EventService::EventService(Events& events, TaskQueue& queue, Clock& clock, const Authenticator& authenticator,
                           OnDelivered on_delivered, FindTalkers find_talkers)
    : events_(events),
      queue_(queue),
      clock_(clock),
      authenticator_(authenticator),
      on_delivered_(std::move(on_delivered)),
      find_talkers_(std::move(find_talkers)) {}

EventService::~EventService() = default;

grpc::ServerWriteReactor<v1::Event>* EventService::Watch(grpc::CallbackServerContext* context,
                                                         const v1::WatchEventsRequest* request) {
  const absl::StatusOr<Principal> principal = authenticator_.Authenticate(*context);
  absl::Status refused = principal.status();
  // Counted in any case: OnDone counts down.
  if (count_.fetch_add(1, std::memory_order_relaxed) >= kWatchersMax && refused.ok()) {
    refused = Error(absl::StatusCode::kResourceExhausted, "RATE_LIMIT_EXCEEDED", "too many Watches are open");
  } else if (refused.ok() && request->types_size() > kTypesMax) {
    refused = Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", "at most 64 types can be named");
  }
  auto watcher = std::make_shared<Watcher>(*this, principal.value_or(Principal()), *request, *context);
  watcher->Start(watcher, refused);
  return watcher.get();
}

void EventService::OnCommit(const Effects& effects) {
  if (effects.events.empty()) return;
  absl::MutexLock lock(&mutex_);
  for (const v1::Event& event : effects.events) {
    if (!all_written_) written_.insert(event.stream());
  }
  if (written_.size() > kWrittenMax) {
    all_written_ = true;
    written_.clear();
  }
  PostWake();
}

void EventService::OnRemoteCommit() {
  absl::MutexLock lock(&mutex_);
  all_written_ = true;
  written_.clear();
  PostWake();
}

void EventService::OnSequenced() {
  absl::MutexLock lock(&mutex_);
  PostWake();
}

void EventService::PostWake() {
  if (std::exchange(wake_posted_, true)) return;
  queue_.Post([this] { Wake(); });
}

void EventService::OnLive(const std::shared_ptr<const LiveEvent>& live) {
  queue_.Post([this, live] {
    for (const auto& watcher : watchers_) {
      if (!watcher->WantsLive(*live)) continue;
      watcher->OfferLive(live);
      watcher->Pump();
    }
  });
}

void EventService::EndAll() {
  queue_.Post([this] {
    ending_ = true;
    for (const auto& watcher : watchers_) watcher->End(Watcher::Ending());
  });
}

void EventService::Wake() {
  std::set<std::string> written;
  bool all = false;
  {
    absl::MutexLock lock(&mutex_);
    written.swap(written_);
    all = std::exchange(all_written_, false);
    wake_posted_ = false;
  }
  for (const auto& watcher : watchers_) {
    if (all || watcher->stream().empty() || written.count(watcher->stream()) != 0) watcher->Pump();
  }
}

}  // namespace tutti::control
