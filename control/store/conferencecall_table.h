#ifndef CONTROL_STORE_CONFERENCECALL_TABLE_H_
#define CONTROL_STORE_CONFERENCECALL_TABLE_H_

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

class ConferencecallTable {
 public:
  explicit ConferencecallTable(sql::Connection& connection) : connection_(connection) {}

  absl::StatusOr<std::optional<store::ConferencecallRecord>> Find(const std::string& id, Lock lock);
  absl::Status Insert(const store::ConferencecallRecord& record);
  // Writes a row that is still as it was read, at `read_revision`; ABORTED
  // (ROW_CHANGED): another transaction has changed it since.
  absl::Status Update(const store::ConferencecallRecord& record, int64_t read_revision);

  struct Filter {
    std::string customer_id;
    // Empty: any.
    std::string conference_id;
    // 0: any.
    int status = 0;
  };
  // Newest first.
  absl::StatusOr<std::vector<store::ConferencecallRecord>> List(const Filter& filter, const PageStart& start,
                                                                int limit);

  // Those of a room that have not left, oldest first.
  absl::StatusOr<std::vector<std::string>> FindPresent(const std::string& conference_id);
  absl::StatusOr<std::vector<std::string>> FindJoined(const std::string& conference_id, int limit);

  absl::StatusOr<std::vector<std::string>> FindDue(int64_t now_us, int limit);
  // The calls of those of a status whose deadline is at most so.
  absl::StatusOr<std::vector<std::string>> FindCallsDueOf(int status, int64_t deadline_max_us, int limit);
  absl::StatusOr<int64_t> NextDeadline();

  // One participant that has failed the health check now or before.
  struct Health {
    std::string id;
    bool failed = false;
    // Before this check.
    int failures = 0;
  };
  // Joining and joined ones whose call or conference is not progressing, that
  // were made before `created_before_us`, or that failed the last time.
  absl::StatusOr<std::vector<Health>> CheckHealth(int64_t created_before_us, int limit);
  absl::Status SetHealthFailures(const std::string& id, int failures);

  // Of those that have not ended.
  absl::StatusOr<std::vector<int64_t>> CountByStatus();
  absl::StatusOr<int64_t> Purge(int64_t ended_before_us, int limit);

 private:
  sql::Connection& connection_;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_CONFERENCECALL_TABLE_H_
