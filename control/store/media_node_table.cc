#include "control/store/media_node_table.h"

namespace tutti::control {

absl::StatusOr<std::optional<MediaNodeTable::Node>> MediaNodeTable::Find(const std::string& id, Lock lock) {
  std::optional<Node> found;
  auto rows = connection_.Query(
      std::string("SELECT id, epoch, sequence, owner, term, lease_until FROM media_nodes WHERE id = ?")
          .append(lock == Lock::kYes ? connection_.LockClause() : ""),
      {id}, [&](const sql::Row& row) {
        found = Node{row.Text(0), row.Text(1), row.Int64(2), row.Text(3), row.Int64(4), row.Int64(5)};
        return absl::OkStatus();
      });
  if (!rows.ok()) return rows.status();
  return found;
}

absl::StatusOr<bool> MediaNodeTable::HoldTerm(const std::string& id, int64_t term) {
  auto found = table::FindNumber(
      connection_, std::string("SELECT term FROM media_nodes WHERE id = ?").append(connection_.ShareClause()), {id});
  if (!found.ok()) return found.status();
  return *found == term;
}

absl::Status MediaNodeTable::Upsert(const Node& node) {
  return table::UpdateRow(
      connection_,
      "INSERT INTO media_nodes (id, epoch, sequence, owner, term, lease_until) VALUES (?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence, owner = excluded.owner,"
      " term = excluded.term, lease_until = excluded.lease_until WHERE media_nodes.term < excluded.term",
      {node.id, node.epoch, node.sequence, node.owner, node.term, node.lease_until_us});
}

absl::StatusOr<bool> MediaNodeTable::SetSequence(const std::string& id, int64_t term, const std::string& epoch,
                                                 int64_t sequence) {
  auto rows = connection_.Execute("UPDATE media_nodes SET epoch = ?, sequence = ? WHERE id = ? AND term = ?",
                                  {epoch, sequence, id, term});
  if (!rows.ok()) return rows.status();
  return *rows == 1;
}

absl::StatusOr<bool> MediaNodeTable::SetLease(const std::string& id, int64_t term, int64_t lease_until_us) {
  auto rows = connection_.Execute("UPDATE media_nodes SET lease_until = ? WHERE id = ? AND term = ?",
                                  {lease_until_us, id, term});
  if (!rows.ok()) return rows.status();
  return *rows == 1;
}

}  // namespace tutti::control
