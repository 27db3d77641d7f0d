#ifndef CONTROL_STORE_CONFERENCE_TABLE_H_
#define CONTROL_STORE_CONFERENCE_TABLE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "control/store/records.pb.h"
#include "control/store/resource_table.h"

namespace tutti::control {

struct ConferenceKind {
  using Record = store::ConferenceRecord;
  static constexpr char kTable[] = "conferences";
  static constexpr const char* kConstant[] = {"customer_id", "type", "tm_create"};
  static constexpr const char* kChanging[] = {"status", "tm_end", "deadline_at", "node_id"};
  static constexpr char kStream[] = "conference:";
  static constexpr int kStatuses = v1::Conference::Status_ARRAYSIZE;
  static const std::string& Id(const Record& record) { return record.conference().id(); }
  static void AppendConstant(const Record& record, table::Values& values);
  static void AppendChanging(const Record& record, table::Values& values);
};

class ConferenceTable : public ResourceTable<ConferenceKind> {
 public:
  using ResourceTable::ResourceTable;

  struct Filter {
    std::string customer_id;
    // 0: any.
    int status = 0;
    int type = 0;
  };
  // Newest first.
  absl::StatusOr<std::vector<store::ConferenceRecord>> List(const Filter& filter, const PageStart& start, int limit);

  // Those that have a bridge on the node.
  absl::StatusOr<std::vector<std::string>> FindByNode(const std::string& node_id);
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_CONFERENCE_TABLE_H_
