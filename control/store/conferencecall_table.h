#ifndef CONTROL_STORE_CONFERENCECALL_TABLE_H_
#define CONTROL_STORE_CONFERENCECALL_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/store/records.pb.h"
#include "control/store/resource_table.h"

namespace tutti::control {

struct ConferencecallKind {
  using Record = store::ConferencecallRecord;
  static constexpr char kTable[] = "conferencecalls";
  static constexpr const char* kConstant[] = {"customer_id", "conference_id", "call_id", "tm_create",
                                              "health_failures"};
  static constexpr const char* kChanging[] = {"status", "tm_end", "deadline_at"};
  // Their events are in the conference's.
  static constexpr char kStream[] = "";
  static constexpr int kStatuses = v1::Conferencecall::Status_ARRAYSIZE;
  static const std::string& Id(const Record& record) { return record.conferencecall().id(); }
  static void AppendConstant(const Record& record, table::Values& values);
  static void AppendChanging(const Record& record, table::Values& values);
};

class ConferencecallTable : public ResourceTable<ConferencecallKind> {
 public:
  using ResourceTable::ResourceTable;

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

  // What a call has been in a room, oldest first.
  absl::StatusOr<std::vector<store::ConferencecallRecord>> FindByCall(const std::string& call_id,
                                                                      const std::string& conference_id, int limit);

  // The calls of those of a status whose deadline is at most so.
  absl::StatusOr<std::vector<std::string>> FindCallsDueOf(int status, int64_t deadline_max_us, int limit);

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
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_CONFERENCECALL_TABLE_H_
