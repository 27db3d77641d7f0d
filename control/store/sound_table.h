#ifndef CONTROL_STORE_SOUND_TABLE_H_
#define CONTROL_STORE_SOUND_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/store/records.pb.h"
#include "control/store/resource_table.h"

namespace tutti::control {

struct SoundKind {
  using Record = store::SoundRecord;
  static constexpr char kTable[] = "sounds";
  static constexpr const char* kConstant[] = {"customer_id", "tm_create"};
  static constexpr const char* kChanging[] = {"size"};
  static constexpr char kStream[] = "";
  static const std::string& Id(const Record& record) { return record.sound().id(); }
  static void AppendConstant(const Record& record, table::Values& values);
  static void AppendChanging(const Record& record, table::Values& values);
};

// Rows never change and have no end: of ResourceTable's methods it has those that
// are named here. A file's bytes are in a table of their own.
class SoundTable : private ResourceTable<SoundKind> {
 public:
  using ResourceTable::Find;
  using ResourceTable::Record;
  using ResourceTable::ResourceTable;

  absl::Status Insert(const Record& record, std::string_view file);
  // Newest first.
  absl::StatusOr<std::vector<Record>> List(const std::string& customer_id, const PageStart& start, int limit);
  absl::StatusOr<int64_t> Count(const std::string& customer_id);
  absl::StatusOr<std::optional<std::string>> FindFile(const std::string& id);
  absl::Status Delete(const std::string& id);
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_SOUND_TABLE_H_
