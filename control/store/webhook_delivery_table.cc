#include "control/store/webhook_delivery_table.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

// States are written as numbers: 1 pending, 2 delivered, 3 dead; partial indexes
// are used only for constants.

namespace tutti::control {
namespace {

using Delivery = WebhookDeliveryTable::Delivery;

#define TUTTI_DELIVERY_COLUMNS                                                                               \
  "webhook_id, stream, sequence, id, type, tm_create, state, attempts, last_status, last_error, tm_update, " \
  "next_attempt_at"

absl::StatusOr<std::vector<Delivery>> FindDeliveries(sql::Connection& connection, std::string_view sql,
                                                     absl::Span<const sql::Value> values) {
  std::vector<Delivery> found;
  auto rows = connection.Query(sql, values, [&](const sql::Row& row) {
    Delivery& delivery = found.emplace_back();
    delivery.webhook_id = row.Text(0);
    delivery.stream = row.Text(1);
    delivery.sequence = row.Int64(2);
    delivery.id = row.Text(3);
    delivery.type = row.Text(4);
    delivery.tm_create_us = row.Int64(5);
    delivery.state = static_cast<WebhookDeliveryTable::State>(row.Int64(6));
    delivery.attempts = static_cast<int>(row.Int64(7));
    delivery.last_status = static_cast<int>(row.Int64(8));
    delivery.last_error = row.Text(9);
    delivery.tm_update_us = row.Int64(10);
    delivery.next_attempt_us = row.Int64(11);
    return absl::OkStatus();
  });
  if (!rows.ok()) return rows.status();
  return found;
}

constexpr char kInsert[] =
    "INSERT INTO webhook_deliveries (" TUTTI_DELIVERY_COLUMNS
    ") VALUES (?, ?, ?, ?, ?, ?, 1, 0, 0, '', NULL, NULL) ON CONFLICT (webhook_id, stream, sequence) DO ";

}  // namespace

absl::StatusOr<WebhookDeliveryTable::Engine> WebhookDeliveryTable::FindEngine(Lock lock) {
  Engine engine;
  auto rows = connection_.Query(std::string("SELECT owner, term, lease_until, position, generation FROM webhook_engine")
                                    .append(lock == Lock::kYes ? connection_.LockClause() : ""),
                                {}, [&](const sql::Row& row) {
                                  engine = {row.Text(0), row.Int64(1), row.Int64(2), row.Int64(3), row.Int64(4)};
                                  return absl::OkStatus();
                                });
  if (!rows.ok()) return rows.status();
  return engine;
}

absl::Status WebhookDeliveryTable::SetLease(const std::string& owner, int64_t term, int64_t lease_until_us) {
  return table::ExecuteOne(connection_, "UPDATE webhook_engine SET owner = ?, term = ?, lease_until = ?",
                           {owner, term, lease_until_us});
}

absl::Status WebhookDeliveryTable::SetPosition(int64_t position) {
  return table::ExecuteOne(connection_, "UPDATE webhook_engine SET position = ?", {position});
}

absl::Status WebhookDeliveryTable::BumpGeneration() {
  return table::ExecuteOne(connection_, "UPDATE webhook_engine SET generation = generation + 1", {});
}

absl::Status WebhookDeliveryTable::Add(const std::string& webhook_id, const v1::Event& event, int64_t now_us) {
  TUTTI_RETURN_IF_ERROR(
      connection_
          .Execute(std::string(kInsert).append("NOTHING"), {webhook_id, event.stream(), event.sequence(), event.id(),
                                                            event.type(), table::Microseconds(event.time())})
          .status());
  return connection_
      .Execute(
          "INSERT INTO webhook_lanes (webhook_id, stream, next_attempt_at) VALUES (?, ?, ?)"
          " ON CONFLICT (webhook_id, stream) DO NOTHING",
          {webhook_id, event.stream(), now_us})
      .status();
}

absl::Status WebhookDeliveryTable::WakeLane(const std::string& webhook_id, const std::string& stream, int64_t now_us) {
  return connection_
      .Execute(
          "INSERT INTO webhook_lanes (webhook_id, stream, next_attempt_at) VALUES (?, ?, ?)"
          " ON CONFLICT (webhook_id, stream) DO UPDATE SET next_attempt_at = excluded.next_attempt_at",
          {webhook_id, stream, now_us})
      .status();
}

absl::Status WebhookDeliveryTable::AddAgain(const std::string& webhook_id, const v1::Event& event, int64_t now_us) {
  TUTTI_RETURN_IF_ERROR(
      connection_
          .Execute(std::string(kInsert).append("UPDATE SET state = 1, attempts = 0, next_attempt_at = NULL"),
                   {webhook_id, event.stream(), event.sequence(), event.id(), event.type(),
                    table::Microseconds(event.time())})
          .status());
  return WakeLane(webhook_id, event.stream(), now_us);
}

absl::StatusOr<int64_t> WebhookDeliveryTable::ReplayDead(const std::string& webhook_id, int limit, int64_t now_us) {
  TUTTI_ASSIGN_OR_RETURN(const auto dead, FindDeliveries(connection_,
                                                         "SELECT " TUTTI_DELIVERY_COLUMNS
                                                         " FROM webhook_deliveries WHERE webhook_id = ? AND state = 3"
                                                         " ORDER BY tm_create LIMIT ?",
                                                         {webhook_id, limit}));
  for (const Delivery& one : dead) {
    TUTTI_RETURN_IF_ERROR(table::ExecuteOne(connection_,
                                            "UPDATE webhook_deliveries SET state = 1, attempts = 0, next_attempt_at ="
                                            " NULL WHERE webhook_id = ? AND stream = ? AND sequence = ?",
                                            {webhook_id, one.stream, one.sequence}));
    TUTTI_RETURN_IF_ERROR(WakeLane(webhook_id, one.stream, now_us));
  }
  return static_cast<int64_t>(dead.size());
}

absl::Status WebhookDeliveryTable::Update(const Delivery& delivery) {
  return connection_
      .Execute(
          "UPDATE webhook_deliveries SET state = ?, attempts = ?, last_status = ?, last_error = ?, tm_update = ?,"
          " next_attempt_at = ? WHERE webhook_id = ? AND stream = ? AND sequence = ?",
          {delivery.state, delivery.attempts, delivery.last_status, delivery.last_error,
           sql::Value::NullIfZero(delivery.tm_update_us), sql::Value::NullIfZero(delivery.next_attempt_us),
           delivery.webhook_id, delivery.stream, delivery.sequence})
      .status();
}

absl::StatusOr<std::vector<WebhookDeliveryTable::Lane>> WebhookDeliveryTable::FindDueLanes(
    const std::string& webhook_id, int64_t now_us, int limit) {
  std::vector<Lane> lanes;
  auto rows = connection_.Query(
      "SELECT stream, next_attempt_at FROM webhook_lanes WHERE webhook_id = ? AND next_attempt_at <= ?"
      " ORDER BY next_attempt_at LIMIT ?",
      {webhook_id, now_us, limit}, [&](const sql::Row& row) {
        lanes.push_back({row.Text(0), row.Int64(1)});
        return absl::OkStatus();
      });
  if (!rows.ok()) return rows.status();
  return lanes;
}

absl::StatusOr<int64_t> WebhookDeliveryTable::NextLaneDue(const std::string& webhook_id, int64_t now_us) {
  return table::FindNumber(
      connection_, "SELECT MIN(next_attempt_at) FROM webhook_lanes WHERE webhook_id = ? AND next_attempt_at > ?",
      {webhook_id, now_us});
}

absl::StatusOr<std::optional<Delivery>> WebhookDeliveryTable::FindHead(const std::string& webhook_id,
                                                                       const std::string& stream) {
  TUTTI_ASSIGN_OR_RETURN(auto found,
                         FindDeliveries(connection_,
                                        "SELECT " TUTTI_DELIVERY_COLUMNS
                                        " FROM webhook_deliveries WHERE webhook_id = ? AND stream = ? AND state = 1"
                                        " ORDER BY sequence LIMIT 1",
                                        {webhook_id, stream}));
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

absl::Status WebhookDeliveryTable::SetLane(const std::string& webhook_id, const std::string& stream,
                                           int64_t next_attempt_us) {
  return connection_
      .Execute("UPDATE webhook_lanes SET next_attempt_at = ? WHERE webhook_id = ? AND stream = ?",
               {next_attempt_us, webhook_id, stream})
      .status();
}

absl::Status WebhookDeliveryTable::DeleteLane(const std::string& webhook_id, const std::string& stream) {
  return connection_.Execute("DELETE FROM webhook_lanes WHERE webhook_id = ? AND stream = ?", {webhook_id, stream})
      .status();
}

absl::StatusOr<std::vector<Delivery>> WebhookDeliveryTable::List(const std::string& webhook_id, int state,
                                                                 const PageStart& start, int limit) {
  std::string sql = "SELECT " TUTTI_DELIVERY_COLUMNS " FROM webhook_deliveries WHERE webhook_id = ?";
  std::vector<sql::Value> values = {webhook_id};
  if (state != 0) {
    sql += " AND state = ?";
    values.push_back(state);
  }
  if (start.tm_create_us != 0) {
    sql += " AND (tm_create, id) < (?, ?)";
    values.push_back(start.tm_create_us);
    values.push_back(start.id);
  }
  sql += " ORDER BY tm_create DESC, id DESC LIMIT ?";
  values.push_back(limit);
  return FindDeliveries(connection_, sql, values);
}

absl::Status WebhookDeliveryTable::Abandon(const std::string& webhook_id) {
  TUTTI_RETURN_IF_ERROR(connection_.Execute("DELETE FROM webhook_lanes WHERE webhook_id = ?", {webhook_id}).status());
  return table::ExecuteOne(connection_, "INSERT INTO webhook_leftovers (webhook_id) VALUES (?)", {webhook_id});
}

absl::StatusOr<int64_t> WebhookDeliveryTable::Purge(int64_t created_before_us, int limit) {
  constexpr char kOld[] =
      "DELETE FROM webhook_deliveries WHERE (webhook_id, stream, sequence) IN"
      " (SELECT webhook_id, stream, sequence FROM webhook_deliveries WHERE tm_create < ? ORDER BY tm_create LIMIT ?)";
  auto purged = connection_.Execute(kOld, {created_before_us, limit});
  if (!purged.ok()) return purged;
  TUTTI_ASSIGN_OR_RETURN(const auto gone,
                         table::FindIds(connection_, "SELECT webhook_id FROM webhook_leftovers LIMIT 1", {}));
  if (gone.empty()) return purged;
  auto rest = connection_.Execute(
      "DELETE FROM webhook_deliveries WHERE (webhook_id, stream, sequence) IN"
      " (SELECT webhook_id, stream, sequence FROM webhook_deliveries WHERE webhook_id = ? LIMIT ?)",
      {gone.front(), limit});
  if (!rest.ok()) return rest;
  if (*rest < limit) {
    auto left = connection_.Execute("DELETE FROM webhook_leftovers WHERE webhook_id = ?", {gone.front()});
    if (!left.ok()) return left;
    *rest += *left;
  }
  return *purged + *rest;
}

absl::StatusOr<WebhookDeliveryTable::Counts> WebhookDeliveryTable::Count() {
  Counts counts;
  TUTTI_ASSIGN_OR_RETURN(counts.pending,
                         table::FindNumber(connection_, "SELECT COUNT(*) FROM webhook_deliveries WHERE state = 1", {}));
  TUTTI_ASSIGN_OR_RETURN(counts.dead,
                         table::FindNumber(connection_, "SELECT COUNT(*) FROM webhook_deliveries WHERE state = 3", {}));
  TUTTI_ASSIGN_OR_RETURN(
      counts.oldest_us,
      table::FindNumber(connection_, "SELECT MIN(tm_create) FROM webhook_deliveries WHERE state = 1", {}));
  return counts;
}

#undef TUTTI_DELIVERY_COLUMNS

}  // namespace tutti::control
