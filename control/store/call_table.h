#ifndef CONTROL_STORE_CALL_TABLE_H_
#define CONTROL_STORE_CALL_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/store/records.pb.h"
#include "control/store/sql/connection.h"
#include "control/store/table.h"

namespace tutti::control {

class CallTable {
 public:
  explicit CallTable(sql::Connection& connection) : connection_(connection) {}

  absl::StatusOr<std::optional<store::CallRecord>> Find(const std::string& id, Lock lock);
  absl::Status Insert(const store::CallRecord& record);
  // Writes a row that is still as it was read, at `read_revision`; ABORTED
  // (ROW_CHANGED): another transaction has changed it since.
  absl::Status Update(const store::CallRecord& record, int64_t read_revision);

  // Newest first; status 0: any.
  absl::StatusOr<std::vector<store::CallRecord>> List(const std::string& customer_id, int status,
                                                      const PageStart& start, int limit);

  absl::StatusOr<std::vector<std::string>> FindDue(int64_t now_us, int limit);
  // Those of a status whose deadline is at most so.
  absl::StatusOr<std::vector<std::string>> FindDueOf(int status, int64_t deadline_max_us, int limit);
  absl::StatusOr<int64_t> NextDeadline();
  // Those that may have a leg on the node.
  absl::StatusOr<std::vector<std::string>> FindByNode(const std::string& node_id);
  // Of those that have not ended.
  absl::StatusOr<std::vector<int64_t>> CountByStatus();
  // Deletes at most `limit` that ended before, with their streams.
  absl::StatusOr<int64_t> Purge(int64_t ended_before_us, int limit);

 private:
  sql::Connection& connection_;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_CALL_TABLE_H_
