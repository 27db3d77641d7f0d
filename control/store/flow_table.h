#ifndef CONTROL_STORE_FLOW_TABLE_H_
#define CONTROL_STORE_FLOW_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/store/records.pb.h"
#include "control/store/resource_table.h"

namespace tutti::control {

struct FlowKind {
  using Record = store::FlowRecord;
  static constexpr char kTable[] = "flows";
  static constexpr const char* kConstant[] = {"customer_id", "tm_create"};
  static constexpr const char* kChanging[] = {"tm_update"};
  // A stream outlives its flow.
  static constexpr char kStream[] = "";
  static const std::string& Id(const Record& record) { return record.flow().id(); }
  static void AppendConstant(const Record& record, table::Values& values);
  static void AppendChanging(const Record& record, table::Values& values);
};

class FlowTable : public ResourceTable<FlowKind> {
 public:
  using ResourceTable::ResourceTable;

  // Newest first.
  absl::StatusOr<std::vector<store::FlowRecord>> List(const std::string& customer_id, const PageStart& start,
                                                      int limit);
  absl::StatusOr<int64_t> Count(const std::string& customer_id);
  absl::Status Delete(const std::string& id);
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_FLOW_TABLE_H_
