#ifndef CONTROL_CORE_MEDIA_STATISTICS_H_
#define CONTROL_CORE_MEDIA_STATISTICS_H_

#include "tutti/control/v1/call.pb.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::control {

// What the API shows of a leg's counters.
v1::MediaStatistics ToMediaStatistics(const media::v1::LegStatistics& statistics);

}  // namespace tutti::control

#endif  // CONTROL_CORE_MEDIA_STATISTICS_H_
