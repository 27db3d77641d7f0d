#include "control/store/idempotency_table.h"

#include "common/status/status.h"
#include "control/store/table.h"

namespace tutti::control {

absl::StatusOr<std::optional<IdempotencyTable::Entry>> IdempotencyTable::Find(const Key& key) {
  std::optional<Entry> found;
  auto rows = connection_.Query(
      "SELECT body_hash, resource_id, response, tm_create FROM idempotency_keys"
      " WHERE customer_id = ? AND method = ? AND idempotency_key = ?",
      {key.customer_id, key.method, key.key}, [&](const sql::Row& row) {
        found = Entry{row.Text(0), row.Text(1), std::nullopt, row.Int64(3)};
        if (!row.IsNull(2)) found->response = row.Text(2);
        return absl::OkStatus();
      });
  if (!rows.ok()) return rows.status();
  return found;
}

absl::Status IdempotencyTable::Insert(const Key& key, const Entry& entry) {
  absl::Status status = table::ExecuteOne(
      connection_,
      "INSERT INTO idempotency_keys (customer_id, method, idempotency_key, body_hash, resource_id, response, tm_create)"
      " VALUES (?, ?, ?, ?, ?, ?, ?)",
      {key.customer_id, key.method, key.key, sql::Blob{entry.body_hash}, entry.resource_id,
       entry.response.has_value() ? sql::Value(sql::Blob{*entry.response}) : sql::Value(), entry.tm_create_us});
  if (!absl::IsAlreadyExists(status)) return status;
  return Error(absl::StatusCode::kAborted, kRowChanged, "another transaction has inserted the idempotency key");
}

absl::Status IdempotencyTable::SetResponse(const Key& key, const std::string& response) {
  return connection_
      .Execute("UPDATE idempotency_keys SET response = ? WHERE customer_id = ? AND method = ? AND idempotency_key = ?",
               {sql::Blob{response}, key.customer_id, key.method, key.key})
      .status();
}

absl::Status IdempotencyTable::Delete(const Key& key) {
  return connection_
      .Execute("DELETE FROM idempotency_keys WHERE customer_id = ? AND method = ? AND idempotency_key = ?",
               {key.customer_id, key.method, key.key})
      .status();
}

absl::StatusOr<int64_t> IdempotencyTable::Purge(int64_t created_before_us, int limit) {
  return connection_.Execute(
      "DELETE FROM idempotency_keys WHERE (customer_id, method, idempotency_key) IN"
      " (SELECT customer_id, method, idempotency_key FROM idempotency_keys WHERE tm_create < ?"
      " ORDER BY tm_create LIMIT ?)",
      {created_before_us, limit});
}

}  // namespace tutti::control
