#include "control/store/call_table.h"

namespace tutti::control {

void CallKind::AppendConstant(const Record& record, table::Values& values) {
  values.push_back(record.call().customer_id());
  values.push_back(table::Microseconds(record.call().tm_create()));
}

void CallKind::AppendChanging(const Record& record, table::Values& values) {
  const v1::Call& call = record.call();
  values.push_back(call.status());
  values.push_back(call.has_tm_hangup() ? table::Microseconds(call.tm_hangup()) : sql::Value());
  values.push_back(sql::Value::NullIfZero(record.deadline_at_us()));
  // A leg that was never wanted or is known to be gone is on no node.
  values.push_back(record.leg_wanted() == store::WANTED_NONE ? sql::Value()
                                                             : sql::Value::NullIfEmpty(record.node_id()));
}

absl::StatusOr<std::vector<store::CallRecord>> CallTable::List(const std::string& customer_id, int status,
                                                               const PageStart& start, int limit) {
  if (status == 0) return ResourceTable::List(customer_id, {}, start, limit);
  return ResourceTable::List(customer_id, {{"status", status}}, start, limit);
}

absl::StatusOr<std::vector<std::string>> CallTable::FindDueOf(int status, int64_t deadline_max_us, int limit) {
  return table::FindIds(connection_,
                        "SELECT id FROM calls WHERE tm_end IS NULL AND status = ? AND deadline_at <= ?"
                        " ORDER BY deadline_at LIMIT ?",
                        {status, deadline_max_us, limit});
}

absl::StatusOr<std::vector<std::string>> CallTable::FindByNode(const std::string& node_id) {
  return table::FindIds(connection_, "SELECT id FROM calls WHERE node_id = ? ORDER BY id", {node_id});
}

}  // namespace tutti::control
