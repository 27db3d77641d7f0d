#ifndef CONTROL_SIMULATION_EVENT_READER_H_
#define CONTROL_SIMULATION_EVENT_READER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "control/core/core.h"
#include "control/simulation/world.h"

namespace tutti::control::simulation {

// A client that follows events and survives the replicas that it follows them
// at: it remembers a sequence, or a cursor, and goes on from there elsewhere. It
// must see each event once, in order.
class EventReader {
 public:
  // Of one stream from its beginning, or, where it is empty, of all from now on.
  EventReader(World& world, std::string stream) : world_(world), stream_(std::move(stream)) {}

  const std::string& stream() const { return stream_; }
  bool has_begun() const { return has_begun_; }

  // Its connection is gone.
  void Disconnect() { is_connected_ = false; }
  // Reads what there is at that replica, connecting first where needed.
  void Read(control::Core& core, int limit);

  // How far it is: a sequence, or how many events since it began.
  int64_t seen() const { return seen_; }
  // The events' ids, of a reader of all.
  const std::vector<std::string>& ids() const { return ids_; }
  // The position among all events at which it began; set by the owner.
  int64_t began_at = 0;

 private:
  World& world_;
  const std::string stream_;
  bool has_begun_ = false;
  bool is_connected_ = false;
  control::EventPoint point_;
  int64_t seen_ = 0;
  std::string cursor_;
  std::vector<std::string> ids_;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_EVENT_READER_H_
