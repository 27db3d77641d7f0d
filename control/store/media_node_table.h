#ifndef CONTROL_STORE_MEDIA_NODE_TABLE_H_
#define CONTROL_STORE_MEDIA_NODE_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/store/sql/connection.h"
#include "control/store/table.h"

namespace tutti::control {

// Who watches which media node, and how far its events are in the store.
class MediaNodeTable {
 public:
  struct Node {
    std::string id;
    // Empty: never heard of.
    std::string epoch;
    int64_t sequence = 0;
    std::string owner;
    int64_t term = 0;
    int64_t lease_until_us = 0;
  };

  explicit MediaNodeTable(sql::Connection& connection) : connection_(connection) {}

  absl::StatusOr<std::optional<Node>> Find(const std::string& id, Lock lock = Lock::kNo);
  // False: the term is not the row's any more. Else it is until the
  // transaction's end.
  absl::StatusOr<bool> HoldTerm(const std::string& id, int64_t term);
  // ABORTED (kRowChanged): another one has this term or a later one: two that
  // claim a node which has no row yet find none to lock.
  absl::Status Upsert(const Node& node);
  // False: the term is not the row's any more, nothing was changed.
  absl::StatusOr<bool> SetSequence(const std::string& id, int64_t term, const std::string& epoch, int64_t sequence);
  absl::StatusOr<bool> SetLease(const std::string& id, int64_t term, int64_t lease_until_us);

 private:
  sql::Connection& connection_;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_MEDIA_NODE_TABLE_H_
