#include "control/store/history_table.h"

#include <algorithm>

#include "common/status/status.h"
#include "control/store/table.h"

namespace tutti::control {

absl::Status HistoryTable::Insert(const std::string& conference_id, Kind kind, const std::string& id,
                                  int64_t tm_create_us) {
  return table::ExecuteOne(connection_,
                           "INSERT INTO conference_history (conference_id, kind, tm_create, id) VALUES (?, ?, ?, ?)",
                           {conference_id, static_cast<int64_t>(kind), tm_create_us, id});
}

absl::StatusOr<std::vector<std::string>> HistoryTable::List(const std::string& conference_id, Kind kind, int limit) {
  TUTTI_ASSIGN_OR_RETURN(auto ids,
                         table::FindIds(connection_,
                                        "SELECT id FROM conference_history WHERE conference_id = ? AND kind = ?"
                                        " ORDER BY tm_create DESC, id DESC LIMIT ?",
                                        {conference_id, static_cast<int64_t>(kind), limit}));
  std::reverse(ids.begin(), ids.end());
  return ids;
}

absl::StatusOr<int64_t> HistoryTable::Purge(int64_t ended_before_us, int limit) {
  return connection_.Execute(
      "DELETE FROM conference_history WHERE conference_id IN (SELECT id FROM conferences"
      " WHERE tm_end IS NOT NULL AND tm_end < ? ORDER BY tm_end LIMIT ?)",
      {ended_before_us, limit});
}

}  // namespace tutti::control
