#include "control/store/flow_table.h"

namespace tutti::control {

void FlowKind::AppendConstant(const Record& record, table::Values& values) {
  values.push_back(record.flow().customer_id());
  values.push_back(table::Microseconds(record.flow().tm_create()));
}

void FlowKind::AppendChanging(const Record& record, table::Values& values) {
  values.push_back(table::Microseconds(record.flow().tm_update()));
}

absl::StatusOr<std::vector<store::FlowRecord>> FlowTable::List(const std::string& customer_id, const PageStart& start,
                                                               int limit) {
  return ResourceTable::List(customer_id, {}, start, limit);
}

absl::StatusOr<int64_t> FlowTable::Count(const std::string& customer_id) {
  return table::FindNumber(connection_, "SELECT COUNT(*) FROM flows WHERE customer_id = ?", {customer_id});
}

absl::Status FlowTable::Delete(const std::string& id) {
  return connection_.Execute("DELETE FROM flows WHERE id = ?", {id}).status();
}

}  // namespace tutti::control
