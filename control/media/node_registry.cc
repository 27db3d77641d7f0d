#include "control/media/node_registry.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

absl::Status Unavailable(const std::string& message) {
  return Error(absl::StatusCode::kUnavailable, "MEDIA_NODE_UNAVAILABLE", message);
}

}  // namespace

void NodeRegistry::Update(const std::string& node_id, const Node& node) {
  absl::MutexLock lock(&mutex_);
  nodes_[node_id] = node;
}

std::map<std::string, NodeRegistry::Node> NodeRegistry::Nodes() const {
  absl::MutexLock lock(&mutex_);
  return nodes_;
}

absl::StatusOr<std::string> NodeRegistry::Pick(const std::string& node_id) {
  absl::MutexLock lock(&mutex_);
  if (!node_id.empty()) {
    const auto it = nodes_.find(node_id);
    if (it != nodes_.end() && it->second.available) return node_id;
    return Unavailable(absl::StrCat("media node ", node_id, " is out of contact"));
  }
  // A busy node only where there is no other: it answers for itself.
  const std::pair<const std::string, Node>* best = nullptr;
  for (const auto& entry : nodes_) {
    const Node& node = entry.second;
    if (!node.available) continue;
    if (best == nullptr ||
        std::make_pair(node.busy, node.legs) < std::make_pair(best->second.busy, best->second.legs)) {
      best = &entry;
    }
  }
  if (best == nullptr) return Unavailable("no media node is in contact");
  return best->first;
}

}  // namespace tutti::control
