#ifndef CONTROL_STORE_CALL_TABLE_H_
#define CONTROL_STORE_CALL_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "control/store/records.pb.h"
#include "control/store/resource_table.h"

namespace tutti::control {

struct CallKind {
  using Record = store::CallRecord;
  static constexpr char kTable[] = "calls";
  static constexpr const char* kConstant[] = {"customer_id", "tm_create"};
  static constexpr const char* kChanging[] = {"status", "tm_end", "deadline_at", "node_id"};
  static constexpr char kStream[] = "call:";
  static constexpr int kStatuses = v1::Call::Status_ARRAYSIZE;
  static const std::string& Id(const Record& record) { return record.call().id(); }
  static void AppendConstant(const Record& record, table::Values& values);
  static void AppendChanging(const Record& record, table::Values& values);
};

class CallTable : public ResourceTable<CallKind> {
 public:
  using ResourceTable::ResourceTable;

  // Newest first; status 0: any.
  absl::StatusOr<std::vector<store::CallRecord>> List(const std::string& customer_id, int status,
                                                      const PageStart& start, int limit);

  // Those of a status whose deadline is at most so.
  absl::StatusOr<std::vector<std::string>> FindDueOf(int status, int64_t deadline_max_us, int limit);
  // Those that may have a leg on the node.
  absl::StatusOr<std::vector<std::string>> FindByNode(const std::string& node_id);
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_CALL_TABLE_H_
