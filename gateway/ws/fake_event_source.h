#ifndef GATEWAY_WS_FAKE_EVENT_SOURCE_H_
#define GATEWAY_WS_FAKE_EVENT_SOURCE_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "gateway/ws/event_source.h"
#include "gateway/ws/loop.h"

namespace tutti::gateway::ws {

// Runs by hand, in a time that only Advance moves.
class FakeLoop final : public Loop {
 public:
  void Post(Task task) override { ready_.push_back(std::move(task)); }
  void PostAfter(absl::Duration delay, Task task) override { later_.emplace(now_ + delay, std::move(task)); }

  bool RunOne() {
    if (ready_.empty()) return false;
    const Task task = std::move(ready_.front());
    ready_.pop_front();
    task();
    return true;
  }
  void Advance(absl::Duration duration) {
    now_ += duration;
    while (!later_.empty() && later_.begin()->first <= now_) {
      ready_.push_back(std::move(later_.begin()->second));
      later_.erase(later_.begin());
    }
  }

 private:
  absl::Duration now_;
  std::deque<Task> ready_;
  std::multimap<absl::Duration, Task> later_;
};

// The control plane's events, by the rules of event.proto: each Watch goes on by
// one step when it is told to. The cursor of the first event is "c1".
class FakeEventSource final : public EventSource {
 public:
  explicit FakeEventSource(Loop& loop) : loop_(loop) {}

  // Where it is not OK, Watches that begin end with it.
  absl::Status refusal;
  int watches = 0;
  int open_max = 0;
  // Of the last Watch that began.
  std::string authorization;
  // Of all that began.
  std::vector<TraceContext> traces;
  // What a Watch says is on its way until this gives true; null: no longer than the
  // step. Then Watches overtake each other.
  std::function<bool()> arrives;

  void Append(const std::string& stream, const std::string& type = "conference_updated") {
    control::v1::Event event;
    event.set_type(type);
    event.set_id(absl::StrCat("id-", log_.size() + 1));
    event.set_stream(stream);
    event.set_sequence(++sequences_[stream]);
    event.set_cursor(absl::StrCat("c", log_.size() + 1));
    event.mutable_conference();
    log_.push_back(event);
  }
  // Events up to this position can't be read any more.
  void Purge(int64_t position) { purged_ = position; }
  int64_t Latest(const std::string& stream) { return sequences_[stream]; }
  int64_t count() const { return static_cast<int64_t>(log_.size()); }

  void Talk(const std::string& stream, const std::string& id, bool talking) {
    control::v1::Event event;
    event.set_type("conferencecall_talking");
    event.set_stream(stream);
    event.mutable_talking()->set_conferencecall_id(id);
    event.mutable_talking()->set_talking(talking);
    for (const auto& open : open_) {
      if (open->request.live() && (open->request.stream().empty() || open->request.stream() == stream)) {
        open->live.push_back(event);
      }
    }
  }

  size_t open() {
    const auto ended = [](const auto& open) { return open->ended && open->under_way.empty(); };
    open_.erase(std::remove_if(open_.begin(), open_.end(), ended), open_.end());
    return open_.size();
  }
  // One step of one Watch; false: it has nothing to do.
  bool Step(size_t index) { return index < open() && StepOf(*open_[index]); }
  void Break(const absl::Status& status) {
    for (const auto& open : open_) End(*open, status);
  }

  std::shared_ptr<Stream> Watch(const std::string& header, const Ids& ids,
                                const control::v1::WatchEventsRequest& request, Handler handler) override {
    ++watches;
    authorization = header;
    traces.push_back(ids.trace);
    open_.push_back(std::make_shared<Open>(Open{request, std::move(handler)}));
    open_max = std::max(open_max, static_cast<int>(open()));
    return std::make_shared<FakeStream>(*this, open_.back());
  }

 private:
  struct Open {
    control::v1::WatchEventsRequest request;
    Handler handler;
    std::deque<control::v1::Event> live = {};
    bool begun = false;
    bool wants = true;
    bool ended = false;
    std::deque<Loop::Task> under_way = {};
    int64_t after = 0;
    int64_t until = INT64_MAX;
  };
  class FakeStream final : public Stream {
   public:
    FakeStream(FakeEventSource& source, std::shared_ptr<Open> open) : source_(source), open_(std::move(open)) {}
    void Next() override { open_->wants = true; }
    void Cancel() override { source_.End(*open_, absl::CancelledError("cancelled")); }

   private:
    FakeEventSource& source_;
    const std::shared_ptr<Open> open_;
  };

  static int64_t Position(const std::string& cursor) {
    int64_t position = -1;
    return cursor.size() > 1 && absl::SimpleAtoi(cursor.substr(1), &position) ? position : -1;
  }

  void End(Open& open, const absl::Status& status) {
    if (std::exchange(open.ended, true)) return;
    open.under_way.push_back([end = open.handler.on_end, status] { end(status); });
  }

  bool StepOf(Open& open) {
    const bool went_on = !open.ended && GoOn(open);
    if (open.under_way.empty() || (went_on && arrives != nullptr && !arrives())) return went_on;
    loop_.Post(std::move(open.under_way.front()));
    open.under_way.pop_front();
    return true;
  }

  bool GoOn(Open& open) {
    if (!open.begun) {
      open.begun = true;
      if (const absl::Status begun = Begin(open); !begun.ok()) {
        End(open, begun);
      } else {
        const std::string cursor = open.request.stream().empty() ? absl::StrCat("c", open.after) : "";
        open.under_way.push_back([begin = open.handler.on_begin, cursor] { begin(cursor); });
      }
      return true;
    }
    if (!open.wants) return false;
    if (!open.live.empty()) {
      Deliver(open, open.live.front());
      open.live.pop_front();
      return true;
    }
    for (int64_t position = open.after; position < std::min<int64_t>(open.until, count()); ++position) {
      const control::v1::Event& event = log_[position];
      const bool all = open.request.stream().empty();
      if (!all && (event.stream() != open.request.stream() || event.sequence() <= open.request.after_sequence())) {
        continue;
      }
      open.after = position + 1;
      Deliver(open, event);
      return true;
    }
    if (!open.request.ends() && open.request.until_cursor().empty()) return false;
    End(open, absl::OkStatus());
    return true;
  }

  absl::Status Begin(Open& open) {
    if (!refusal.ok()) return refusal;
    const auto purged = Error(absl::StatusCode::kOutOfRange, "EVENTS_PURGED", "gone");
    const auto& request = open.request;
    if (!request.stream().empty()) {
      if (sequences_.count(request.stream()) == 0) {
        return Error(absl::StatusCode::kNotFound, "CONFERENCE_NOT_FOUND", "no such stream");
      }
      int64_t gone = 0;
      for (int64_t i = 0; i < purged_; ++i) gone += log_[i].stream() == request.stream();
      return request.after_sequence() < gone ? purged : absl::OkStatus();
    }
    open.after = request.cursor().empty() ? count() : Position(request.cursor());
    if (open.after < 0) return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", "no cursor");
    if (!request.until_cursor().empty()) open.until = Position(request.until_cursor());
    if (open.after < purged_) return purged;
    if (open.until < open.after) return Error(absl::StatusCode::kFailedPrecondition, "CURSOR_AHEAD", "ahead");
    return absl::OkStatus();
  }

  void Deliver(Open& open, const control::v1::Event& event) {
    open.wants = false;
    open.under_way.push_back([deliver = open.handler.on_event, event] { deliver(event); });
  }

  Loop& loop_;
  std::vector<control::v1::Event> log_;
  int64_t purged_ = 0;
  std::map<std::string, int64_t> sequences_;
  std::vector<std::shared_ptr<Open>> open_;
};

}  // namespace tutti::gateway::ws

#endif  // GATEWAY_WS_FAKE_EVENT_SOURCE_H_
