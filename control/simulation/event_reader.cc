#include "control/simulation/event_reader.h"

#include "absl/strings/str_cat.h"
#include "control/core/principal.h"

namespace tutti::control::simulation {

void EventReader::Read(control::Core& core, int limit) {
  const control::Principal principal = control::DefaultPrincipal();
  if (!is_connected_) {
    auto point = stream_.empty() ? core.events().FindPoint(principal, "", 0, cursor_)
                                 : core.events().FindPoint(principal, stream_, seen_, "");
    if (!point.ok()) {
      if (!absl::IsUnavailable(point.status())) {
        world_.Fail(absl::StrCat("a watch of ", stream_, " is refused: ", point.status().ToString()));
      }
      return;
    }
    // A reader of all that has no cursor yet has seen nothing and begins anew.
    if (cursor_.empty() && stream_.empty()) began_at = point->after;
    point_ = *point;
    is_connected_ = true;
    has_begun_ = true;
  }
  const auto events = core.events().Read(principal, point_, limit);
  if (!events.ok()) {
    if (!absl::IsUnavailable(events.status())) world_.Fail(events.status().ToString());
    return;
  }
  for (const v1::Event& event : *events) {
    ++seen_;
    cursor_ = event.cursor();
    if (stream_.empty()) {
      ids_.push_back(event.id());
    } else if (event.sequence() != seen_ || event.stream() != stream_) {
      world_.Fail(absl::StrCat("a watch of ", stream_, " got ", event.ShortDebugString(), " as number ", seen_));
    }
  }
}

}  // namespace tutti::control::simulation
