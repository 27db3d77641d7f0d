#include "control/core/events.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/lookup.h"
#include "control/core/steps.h"
#include "control/rules/validate.h"

namespace tutti::control {
namespace {

std::string CursorScope(const Principal& principal) { return absl::StrCat("cursor/", principal.customer_id); }

absl::Status Purged() {
  return Error(absl::StatusCode::kOutOfRange, "EVENTS_PURGED", "the events after this point are no longer kept");
}

bool IsStreamName(const std::string& stream) {
  for (const char* prefix : {"conference:", "call:", "flow:"}) {
    const std::string start = prefix;
    if (stream.compare(0, start.size(), start) == 0) return CheckId("stream", stream.substr(start.size())).ok();
  }
  return false;
}

}  // namespace

absl::StatusOr<EventPoint> Events::FindPoint(const Principal& principal, const std::string& stream,
                                             int64_t after_sequence, const std::string& cursor) {
  EventPoint point{stream, after_sequence};
  if (!stream.empty()) {
    if (!cursor.empty()) return InvalidParameter("cursor", "can't be given with a stream");
    if (!IsStreamName(stream)) return InvalidParameter("stream", "must be conference:<id>, call:<id> or flow:<id>");
    if (after_sequence < 0) return InvalidParameter("after_sequence", "must be 0 or more");
  } else if (after_sequence != 0) {
    return InvalidParameter("after_sequence", "needs a stream");
  }
  if (!cursor.empty()) {
    const std::optional<std::string> payload = steps_.signer().Open(CursorScope(principal), cursor);
    if (!payload.has_value() || !absl::SimpleAtoi(*payload, &point.after)) {
      return InvalidParameter("cursor", "is not one of an event");
    }
  }
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    if (!stream.empty()) {
      TUTTI_ASSIGN_OR_RETURN(const auto found, tx.outbox.FindStream(stream));
      // Another customer's stream is as one that has not begun.
      if (!found.has_value() || found->customer_id != principal.customer_id) {
        const size_t colon = stream.find(':');
        return ResourceNotFound(stream.substr(0, colon), stream.substr(colon + 1));
      }
      return point.after < found->purged_sequence ? Purged() : absl::OkStatus();
    }
    if (cursor.empty()) {
      TUTTI_ASSIGN_OR_RETURN(point.after, tx.outbox.LastPosition());
      return absl::OkStatus();
    }
    TUTTI_ASSIGN_OR_RETURN(const int64_t purged, tx.outbox.PurgedPosition());
    return point.after < purged ? Purged() : absl::OkStatus();
  }));
  return point;
}

std::string Events::MakeCursor(const Principal& principal, const EventPoint& point) {
  return steps_.signer().Sign(CursorScope(principal), absl::StrCat(point.after));
}

absl::StatusOr<std::vector<v1::Event>> Events::Read(const Principal& principal, EventPoint& point, int limit) {
  std::vector<Outbox::Stored> stored;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    if (point.stream.empty()) {
      TUTTI_ASSIGN_OR_RETURN(const int64_t purged, tx.outbox.PurgedPosition());
      if (point.after < purged) return Purged();
      TUTTI_ASSIGN_OR_RETURN(stored, tx.outbox.ReadAll(principal.customer_id, point.after, limit));
      return absl::OkStatus();
    }
    TUTTI_ASSIGN_OR_RETURN(const auto stream, tx.outbox.FindStream(point.stream));
    if (!stream.has_value() || stream->customer_id != principal.customer_id) return absl::OkStatus();
    if (point.after < stream->purged_sequence) return Purged();
    TUTTI_ASSIGN_OR_RETURN(stored, tx.outbox.ReadStream(point.stream, point.after, limit));
    return absl::OkStatus();
  }));
  std::vector<v1::Event> events;
  for (Outbox::Stored& entry : stored) {
    if (entry.position > point.until) break;
    if (entry.position != 0) {
      entry.event.set_cursor(steps_.signer().Sign(CursorScope(principal), absl::StrCat(entry.position)));
    }
    point.after = point.stream.empty() ? entry.position : entry.event.sequence();
    events.push_back(std::move(entry.event));
  }
  return events;
}

void Events::Sequence(Done<int64_t> done) {
  bool has_any = false;
  absl::Status status = steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(has_any, tx.outbox.HasUnsequenced());
    return absl::OkStatus();
  });
  if (!status.ok()) return done(status);
  if (!has_any) return done(0);
  auto count = std::make_shared<int64_t>(0);
  steps_.Run(
      [limit = steps_.options().batch_max, count](Work& work, Rules&) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(*count, work.tx().outbox.Sequence(limit));
        return absl::OkStatus();
      },
      [count, done = std::move(done)](const absl::Status& status) {
        if (!status.ok()) return done(status);
        done(*count);
      });
}

}  // namespace tutti::control
