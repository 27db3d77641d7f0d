#include "gateway/ws/upstream.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/log/log.h"
#include "common/trace/trace_context.h"

namespace tutti::gateway::ws {
namespace {

constexpr absl::Duration kPauseMin = absl::Milliseconds(50);
constexpr absl::Duration kPauseMax = absl::Seconds(1);

}  // namespace

Upstream::Upstream(std::string authorization, EventSource& source, Loop& loop, Clock& clock, IdGenerator& ids,
                   Handler handler)
    : authorization_(std::move(authorization)),
      source_(source),
      loop_(loop),
      clock_(clock),
      ids_(ids),
      handler_(std::move(handler)) {}

void Upstream::End() {
  ended_ = true;
  ++generation_;
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->Cancel();
}

std::vector<std::shared_ptr<const Rendered>> Upstream::Talkers(const std::string& stream) const {
  std::vector<std::shared_ptr<const Rendered>> talkers;
  for (const auto& [id, talker] : talkers_) {
    if (stream.empty() || talker->event().stream() == stream) talkers.push_back(talker);
  }
  return talkers;
}

void Upstream::Watch() {
  if (ended_) return;
  control::v1::WatchEventsRequest request;
  request.set_live(true);
  request.set_cursor(cursor_);
  const auto guard = [weak = weak_from_this(), generation = ++generation_](auto action) {
    const auto self = weak.lock();
    if (self != nullptr && self->generation_ == generation) action(*self);
  };
  const TraceContext trace = ContinueTrace(std::nullopt, ids_);
  trace_id_ = trace.trace_id;
  stream_ =
      source_.Watch(authorization_, {ids_.Next(), trace}, request,
                    {[guard](const std::string& cursor) { guard([&](Upstream& self) { self.OnBegin(cursor); }); },
                     [guard](const control::v1::Event& event) { guard([&](Upstream& self) { self.OnEvent(event); }); },
                     [guard](const absl::Status& status) { guard([&](Upstream& self) { self.OnEnd(status); }); }});
}

void Upstream::OnBegin(const std::string& cursor) {
  // A refusal has no cursor.
  if (cursor.empty()) return;
  if (cursor_.empty()) cursor_ = cursor;
  failures_ = 0;
  handler_.on_begun();
}

void Upstream::OnEvent(const control::v1::Event& event) {
  const auto rendered = std::make_shared<const Rendered>(event);
  if (event.sequence() > 0) cursor_ = event.cursor();
  if (event.has_talking()) {
    if (event.talking().talking()) {
      talkers_[event.talking().conferencecall_id()] = rendered;
    } else {
      talkers_.erase(event.talking().conferencecall_id());
    }
  }
  handler_.on_event(rendered);
  if (stream_ != nullptr) stream_->Next();
}

void Upstream::OnEnd(const absl::Status& status) {
  stream_ = nullptr;
  ++generation_;
  SilenceAll();
  if (absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status)) return handler_.on_failed(status);
  if (absl::IsOutOfRange(status) || absl::IsInvalidArgument(status)) {
    return handler_.on_failed(absl::AbortedError(status.message()));
  }
  if (failures_ == 0) {
    log::Info("the control plane's Watch of events broke", {{"trace_id", trace_id_}, {"error", status.ToString()}});
  }
  const absl::Duration pause = std::min(kPauseMax, kPauseMin * (1 << std::min(failures_++, 10)));
  loop_.PostAfter(pause, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Watch();
  });
  handler_.on_break(status);
}

void Upstream::SilenceAll() {
  const int64_t us = absl::ToUnixMicros(clock_.Now());
  for (const auto& [id, talker] : std::exchange(talkers_, {})) {
    control::v1::Event end = talker->event();
    end.set_id(ids_.Next());
    end.mutable_time()->set_seconds(us / 1'000'000);
    end.mutable_time()->set_nanos(static_cast<int32_t>(us % 1'000'000 * 1'000));
    end.mutable_talking()->set_talking(false);
    handler_.on_event(std::make_shared<const Rendered>(std::move(end)));
  }
}

}  // namespace tutti::gateway::ws
