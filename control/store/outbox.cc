#include "control/store/outbox.h"

#include "control/store/table.h"

namespace tutti::control {
namespace {

// The row that keeps how far positions are purged; no stream has an empty name.
constexpr char kAllStreams[] = "";

constexpr int64_t kClockDifferenceMaxUs = 2'000'000;

absl::StatusOr<std::vector<Outbox::Stored>> ReadEvents(sql::Connection& connection, std::string_view sql,
                                                       absl::Span<const sql::Value> values) {
  std::vector<Outbox::Stored> result;
  auto rows = connection.Query(sql, values, [&](const sql::Row& row) {
    Outbox::Stored& stored = result.emplace_back();
    stored.position = row.Int64(0);
    return table::ParseBody(row, 1, stored.event);
  });
  if (!rows.ok()) return rows.status();
  return result;
}

}  // namespace

absl::StatusOr<int64_t> Outbox::TakeSequences(const std::string& stream, const std::string& customer_id,
                                              int64_t count) {
  auto last = table::FindNumber(
      connection_,
      "INSERT INTO streams (stream, customer_id, sequence, purged_sequence) VALUES (?, ?, ?, 0)"
      " ON CONFLICT (stream) DO UPDATE SET sequence = streams.sequence + excluded.sequence RETURNING sequence",
      {stream, customer_id, count});
  if (!last.ok()) return last.status();
  return *last - count + 1;
}

absl::Status Outbox::Insert(const v1::Event& event, const std::string& customer_id) {
  const std::string payload = event.SerializeAsString();
  has_news_ = true;
  return table::ExecuteOne(
      connection_,
      "INSERT INTO outbox (stream, sequence, customer_id, type, tm_create, payload) VALUES (?, ?, ?, ?, ?, ?)",
      {event.stream(), event.sequence(), customer_id, event.type(), table::Microseconds(event.time()),
       sql::Blob{payload}});
}

absl::StatusOr<bool> Outbox::HasUnsequenced() {
  if (HasOneWriter()) return false;
  auto first = table::FindNumber(connection_, "SELECT MIN(id) FROM outbox WHERE position IS NULL", {});
  if (!first.ok()) return first.status();
  return *first != 0;
}

absl::StatusOr<int64_t> Outbox::Sequence(int limit) {
  if (HasOneWriter()) return 0;
  auto last = table::FindNumber(connection_,
                                std::string("SELECT position FROM sequencer").append(connection_.LockClause()), {});
  if (!last.ok()) return last;
  auto count = connection_.Execute(
      "UPDATE outbox SET position = ? + numbered.place FROM"
      " (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS place FROM"
      "  (SELECT id FROM outbox WHERE position IS NULL ORDER BY id LIMIT ?) AS oldest) AS numbered"
      " WHERE outbox.id = numbered.id",
      {*last, limit});
  if (!count.ok() || *count == 0) return count;
  has_news_ = true;
  absl::Status moved = table::ExecuteOne(connection_, "UPDATE sequencer SET position = ?", {*last + *count});
  if (!moved.ok()) return moved;
  return count;
}

absl::StatusOr<std::vector<Outbox::Stored>> Outbox::ReadAll(const std::string& customer_id, int64_t after_position,
                                                            int limit) {
  return ReadEvents(connection_,
                    "SELECT position, payload FROM outbox WHERE position > ? AND customer_id = ?"
                    " ORDER BY position LIMIT ?",
                    {after_position, customer_id, limit});
}

absl::StatusOr<std::vector<Outbox::Stored>> Outbox::ReadStream(const std::string& stream, int64_t after_sequence,
                                                               int limit) {
  return ReadEvents(connection_,
                    "SELECT position, payload FROM outbox WHERE stream = ? AND sequence > ? ORDER BY sequence LIMIT ?",
                    {stream, after_sequence, limit});
}

absl::StatusOr<std::vector<Outbox::StoredWithCustomer>> Outbox::ReadAllCustomers(int64_t after_position, int limit) {
  std::vector<StoredWithCustomer> result;
  auto rows = connection_.Query(
      "SELECT position, payload, customer_id FROM outbox WHERE position > ? ORDER BY position LIMIT ?",
      {after_position, limit}, [&](const sql::Row& row) {
        StoredWithCustomer& stored = result.emplace_back();
        stored.position = row.Int64(0);
        stored.customer_id = row.Text(2);
        return table::ParseBody(row, 1, stored.event);
      });
  if (!rows.ok()) return rows.status();
  return result;
}

absl::StatusOr<int64_t> Outbox::FindPosition(int64_t tm_create_us) {
  // Positions go up with time but for the difference of the replicas' clocks: a
  // search by halves needs no index on the time.
  auto first = PurgedPosition();
  if (!first.ok()) return first;
  auto last = LastPosition();
  if (!last.ok()) return last;
  int64_t before = *first;
  int64_t behind = *last + 1;
  const int64_t searched_us = tm_create_us - kClockDifferenceMaxUs;
  while (before + 1 < behind) {
    const int64_t middle = before + (behind - before) / 2;
    auto time = table::FindNumber(
        connection_, "SELECT tm_create FROM outbox WHERE position >= ? ORDER BY position LIMIT 1", {middle});
    if (!time.ok()) return time;
    (*time != 0 && *time < searched_us ? before : behind) = middle;
  }
  return before;
}

absl::StatusOr<int64_t> Outbox::LastPosition() {
  auto last = table::FindNumber(connection_, "SELECT MAX(position) FROM outbox", {});
  if (!last.ok() || *last != 0) return last;
  return PurgedPosition();
}

absl::StatusOr<int64_t> Outbox::PurgedPosition() {
  return table::FindNumber(connection_, "SELECT purged_sequence FROM streams WHERE stream = ?", {kAllStreams});
}

absl::StatusOr<std::optional<Outbox::Stream>> Outbox::FindStream(const std::string& stream) {
  std::optional<Stream> found;
  auto rows = connection_.Query("SELECT customer_id, sequence, purged_sequence FROM streams WHERE stream = ?", {stream},
                                [&](const sql::Row& row) {
                                  found = Stream{row.Text(0), row.Int64(1), row.Int64(2)};
                                  return absl::OkStatus();
                                });
  if (!rows.ok()) return rows.status();
  return found;
}

absl::StatusOr<int64_t> Outbox::Purge(int64_t created_before_us, int limit) {
  // One purge at a time, lest a slow one take the marks back.
  auto locked = table::FindNumber(
      connection_, std::string("SELECT purged_sequence FROM streams WHERE stream = ?").append(connection_.LockClause()),
      {kAllStreams});
  if (!locked.ok()) return locked;
  // Positions go up with time, so the oldest are the first.
  auto last = table::FindNumber(connection_,
                                "SELECT MAX(position) FROM (SELECT position, tm_create FROM outbox"
                                " WHERE position IS NOT NULL ORDER BY position LIMIT ?) AS oldest WHERE tm_create < ?",
                                {limit, created_before_us});
  if (!last.ok() || *last == 0) return last;
  auto streams = connection_.Execute(
      "UPDATE streams SET purged_sequence ="
      " (SELECT MAX(sequence) FROM outbox WHERE outbox.stream = streams.stream AND position <= ?)"
      " WHERE stream IN (SELECT stream FROM outbox WHERE position <= ?)",
      {*last, *last});
  if (!streams.ok()) return streams.status();
  auto all = connection_.Execute(
      "INSERT INTO streams (stream, customer_id, sequence, purged_sequence) VALUES (?, '', 0, ?)"
      " ON CONFLICT (stream) DO UPDATE SET purged_sequence = excluded.purged_sequence",
      {kAllStreams, *last});
  if (!all.ok()) return all.status();
  return connection_.Execute("DELETE FROM outbox WHERE position <= ?", {*last});
}

}  // namespace tutti::control
