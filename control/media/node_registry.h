#ifndef CONTROL_MEDIA_NODE_REGISTRY_H_
#define CONTROL_MEDIA_NODE_REGISTRY_H_

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "control/rules/media.h"

namespace tutti::control {

// Which media nodes there are and how they are, as their watchers see them.
// Thread-safe.
class NodeRegistry final : public NodePicker {
 public:
  struct Node {
    // In contact, and the store knows what it has.
    bool available = false;
    bool busy = false;
    int legs = 0;
    int legs_max = 0;
  };

  void Update(const std::string& node_id, const Node& node);
  std::map<std::string, Node> Nodes() const;

  absl::StatusOr<std::string> Pick(const std::string& node_id) override;

 private:
  mutable absl::Mutex mutex_;
  std::map<std::string, Node> nodes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::control

#endif  // CONTROL_MEDIA_NODE_REGISTRY_H_
