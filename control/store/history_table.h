#ifndef CONTROL_STORE_HISTORY_TABLE_H_
#define CONTROL_STORE_HISTORY_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/store/sql/connection.h"

namespace tutti::control {

// The ids of all recordings and transcriptions that a room has had, also of those
// that are deleted.
class HistoryTable {
 public:
  enum class Kind { kRecording = 1, kTranscribe = 2 };

  explicit HistoryTable(sql::Connection& connection) : connection_(connection) {}

  absl::Status Insert(const std::string& conference_id, Kind kind, const std::string& id, int64_t tm_create_us);
  // The last `limit` ones, oldest first.
  absl::StatusOr<std::vector<std::string>> List(const std::string& conference_id, Kind kind, int limit);
  // Of the conferences that ConferenceTable::Purge with the same values deletes:
  // before it.
  absl::StatusOr<int64_t> Purge(int64_t ended_before_us, int limit);

 private:
  sql::Connection& connection_;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_HISTORY_TABLE_H_
