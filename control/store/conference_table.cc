#include "control/store/conference_table.h"

namespace tutti::control {

void ConferenceKind::AppendConstant(const Record& record, table::Values& values) {
  values.push_back(record.conference().customer_id());
  values.push_back(record.conference().type());
  values.push_back(table::Microseconds(record.conference().tm_create()));
}

void ConferenceKind::AppendChanging(const Record& record, table::Values& values) {
  const v1::Conference& conference = record.conference();
  values.push_back(conference.status());
  // Only an ended room's row has tm_end: retention counts from there.
  values.push_back(conference.has_tm_delete() ? table::Microseconds(conference.tm_delete()) : sql::Value());
  values.push_back(sql::Value::NullIfZero(record.deadline_at_us()));
  values.push_back(sql::Value::NullIfEmpty(record.node_id()));
}

absl::StatusOr<std::vector<store::ConferenceRecord>> ConferenceTable::List(const Filter& filter, const PageStart& start,
                                                                           int limit) {
  std::vector<std::pair<const char*, sql::Value>> conditions;
  if (filter.status != 0) conditions.emplace_back("status", filter.status);
  if (filter.type != 0) conditions.emplace_back("type", filter.type);
  return ResourceTable::List(filter.customer_id, conditions, start, limit);
}

absl::StatusOr<std::vector<std::string>> ConferenceTable::FindByNode(const std::string& node_id) {
  return table::FindIds(connection_, "SELECT id FROM conferences WHERE node_id = ? ORDER BY id", {node_id});
}

}  // namespace tutti::control
