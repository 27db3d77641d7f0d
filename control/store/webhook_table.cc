#include "control/store/webhook_table.h"

namespace tutti::control {

void WebhookKind::AppendConstant(const Record& record, table::Values& values) {
  values.push_back(record.webhook().customer_id());
  values.push_back(table::Microseconds(record.webhook().tm_create()));
}

void WebhookKind::AppendChanging(const Record& record, table::Values& values) {
  values.push_back(record.webhook().enabled() ? 1 : 0);
}

absl::StatusOr<std::vector<store::WebhookRecord>> WebhookTable::List(const std::string& customer_id,
                                                                     const PageStart& start, int limit) {
  return ResourceTable::List(customer_id, {}, start, limit);
}

absl::StatusOr<int64_t> WebhookTable::Count(const std::string& customer_id) {
  return table::FindNumber(connection_, "SELECT COUNT(*) FROM webhooks WHERE customer_id = ?", {customer_id});
}

absl::StatusOr<std::vector<store::WebhookRecord>> WebhookTable::FindEnabled() {
  return table::FindMany<Record>(connection_, "SELECT body FROM webhooks WHERE enabled = 1 ORDER BY id", {});
}

absl::Status WebhookTable::Delete(const std::string& id) {
  return table::ExecuteOne(connection_, "DELETE FROM webhooks WHERE id = ?", {id});
}

}  // namespace tutti::control
