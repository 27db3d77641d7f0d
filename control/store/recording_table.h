#ifndef CONTROL_STORE_RECORDING_TABLE_H_
#define CONTROL_STORE_RECORDING_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/store/records.pb.h"
#include "control/store/resource_table.h"

namespace tutti::control {

struct RecordingKind {
  using Record = store::RecordingRecord;
  static constexpr char kTable[] = "recordings";
  static constexpr const char* kConstant[] = {"customer_id", "conference_id", "tm_create"};
  static constexpr const char* kChanging[] = {"status", "tm_end", "deadline_at", "node_id", "command_at", "is_deleted"};
  // Their events are in the conference's.
  static constexpr char kStream[] = "";
  static constexpr int kStatuses = v1::Recording::Status_ARRAYSIZE;
  static const std::string& Id(const Record& record) { return record.recording().id(); }
  static void AppendConstant(const Record& record, table::Values& values);
  static void AppendChanging(const Record& record, table::Values& values);
};

class RecordingTable : public ResourceTable<RecordingKind> {
 public:
  using ResourceTable::ResourceTable;

  struct Filter {
    std::string customer_id;
    // Empty: any.
    std::string conference_id;
    // 0: any.
    int status = 0;
  };
  // Newest first; without deleted ones.
  absl::StatusOr<std::vector<store::RecordingRecord>> List(const Filter& filter, const PageStart& start, int limit);

  // Those of which something is wanted on the node.
  absl::StatusOr<std::vector<std::string>> FindByNode(const std::string& node_id);
  // Those whose node has not confirmed what is wanted since a moment in between.
  absl::StatusOr<std::vector<std::string>> FindUnconfirmed(int64_t after_us, int64_t until_us, int limit);
  // Those that were over before, and are not deleted.
  absl::StatusOr<std::vector<std::string>> FindOver(int64_t before_us, int limit);

  // Remembers whose these files are; one that is known already stays as it is.
  absl::Status AddFiles(const std::string& recording_id, const std::vector<std::string>& file_ids);
  // The recording of a file; empty: there is no such file.
  absl::StatusOr<std::string> FindByFile(const std::string& file_id);

  // The row and its files' names.
  absl::Status Delete(const std::string& id);
  // Deleted ones whose files nobody has confirmed to be gone for so long.
  absl::StatusOr<int64_t> PurgeDeleted(int64_t before_us, int limit);
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_RECORDING_TABLE_H_
