#ifndef CONTROL_CORE_RECONCILE_H_
#define CONTROL_CORE_RECONCILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "control/core/steps.h"
#include "control/rules/media.h"

namespace tutti::control {

// What a comparison of the store with a node asks for.
struct Differences {
  bool epoch_changed = false;
  // Events of the node's that are in no transaction and will never be.
  bool events_lost = false;
  // Calls, recordings and transcriptions that must learn from the snapshot.
  std::vector<std::string> calls;
  std::vector<std::string> recordings;
  std::vector<std::string> transcribes;
  // Terminated conferences whose bridge is gone.
  std::vector<std::string> bridges_gone;
  // Commands to send again, from rows as they are.
  Effects repeats;
  // Known to have ended: removed at once.
  Effects ended;
  // Unknown: removed when they were so for a while.
  Effects unknown;
};

// The part of recordings and transcriptions, and what mends it.
absl::Status CompareJobs(Transaction& tx, const std::string& node_id, const NodeSnapshot& snapshot,
                         absl::Time known_until, Differences& differences);
std::vector<Steps::Rule> MendJobs(const NodeLease& lease, const NodeSnapshot& snapshot, absl::Time known_until,
                                  const Differences& differences);
// Their node is lost; over ones stay as they are.
absl::Status LoseRecording(Work& work, Rules& rules, const std::string& node_id, const std::string& id);
absl::Status LoseTranscribe(Work& work, Rules& rules, const std::string& node_id, const std::string& id);

}  // namespace tutti::control

#endif  // CONTROL_CORE_RECONCILE_H_
