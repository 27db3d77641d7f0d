#ifndef CONTROL_CORE_MEDIA_NODES_H_
#define CONTROL_CORE_MEDIA_NODES_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "control/core/done.h"
#include "control/core/strays.h"
#include "control/rules/media.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::control {

class Steps;

// What who watches a media node tells of it. Thread-safe.
class MediaNodes {
 public:
  explicit MediaNodes(Steps& steps) : steps_(steps) {}

  // Takes or renews the right to speak for a node, by the data base's clock: it is
  // free, has run out, or is this owner's. `owner` is a replica; one that starts anew takes a new
  // term. With SQLite use one constant owner: the file's lock proves that the
  // one before is dead. UNAVAILABLE (LEASE_HELD): another one has it.
  void Claim(const std::string& node_id, const std::string& owner, absl::Duration lease, Done<NodeLease> done);
  void Renew(const NodeLease& lease, absl::Duration duration, DoneStatus done);

  // Events of the node's Watch, in order; `(epoch, sequence)` is committed with
  // what they change. Those that the store has already change nothing. One call
  // for a node at a time. ABORTED (LEASE_LOST): claim again. OUT_OF_RANGE
  // (SNAPSHOT_NEEDED): the epoch is not the stored one or events are missing in
  // between.
  void HandleEvents(const NodeLease& lease, const std::string& epoch, std::vector<media::v1::NodeEvent> events,
                    DoneStatus done);
  // A caller has pressed a key, as the node tells its live watcher. Errors as HandleEvents.
  void HandleDigit(const NodeLease& lease, const media::v1::LegDtmf& digit, DoneStatus done);
  // Brings the store and the node together; at each connect, on resync and
  // every 30 s. Commits the snapshot's (epoch, sequence).
  void Reconcile(const NodeLease& lease, const NodeSnapshot& snapshot, DoneStatus done);
  // The node is out of reach for good (15 s): its calls hang up, its bridges
  // are free to be put elsewhere. Again as long as it is so: others may not know
  // it yet and send calls there.
  void GiveUp(const NodeLease& lease, DoneStatus done);

 private:
  Steps& steps_;
  Strays strays_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_MEDIA_NODES_H_
