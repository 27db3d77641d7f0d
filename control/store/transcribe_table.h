#ifndef CONTROL_STORE_TRANSCRIBE_TABLE_H_
#define CONTROL_STORE_TRANSCRIBE_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/store/records.pb.h"
#include "control/store/resource_table.h"

namespace tutti::control {

struct TranscribeKind {
  using Record = store::TranscribeRecord;
  static constexpr char kTable[] = "transcribes";
  static constexpr const char* kConstant[] = {"customer_id", "conference_id", "tm_create"};
  static constexpr const char* kChanging[] = {"status", "tm_end", "deadline_at", "node_id", "command_at"};
  // Their events are in the conference's.
  static constexpr char kStream[] = "";
  static constexpr int kStatuses = v1::Transcribe::Status_ARRAYSIZE;
  static const std::string& Id(const Record& record) { return record.transcribe().id(); }
  static void AppendConstant(const Record& record, table::Values& values);
  static void AppendChanging(const Record& record, table::Values& values);
};

class TranscribeTable : public ResourceTable<TranscribeKind> {
 public:
  using ResourceTable::ResourceTable;

  struct Filter {
    std::string customer_id;
    // Empty: any.
    std::string conference_id;
    // 0: any.
    int status = 0;
  };
  // Newest first.
  absl::StatusOr<std::vector<store::TranscribeRecord>> List(const Filter& filter, const PageStart& start, int limit);

  // Those of which something is wanted on the node.
  absl::StatusOr<std::vector<std::string>> FindByNode(const std::string& node_id);
  // Those whose node has not confirmed what is wanted since a moment in between.
  absl::StatusOr<std::vector<std::string>> FindUnconfirmed(int64_t after_us, int64_t until_us, int limit);
  // Those that were over before.
  absl::StatusOr<std::vector<std::string>> FindOver(int64_t before_us, int limit);
  absl::Status Delete(const std::string& id);
};

// The texts, which never change.
class TranscriptTable {
 public:
  explicit TranscriptTable(sql::Connection& connection) : connection_(connection) {}

  absl::Status Insert(const store::TranscriptRecord& record);

  // Where a page begins: behind this one; tm_transcript -1: at the first.
  struct Start {
    int64_t tm_transcript = -1;
    std::string id;
  };
  // In the order of their speech.
  absl::StatusOr<std::vector<store::TranscriptRecord>> List(const std::string& transcribe_id, const Start& start,
                                                            int limit);
  // At most `limit` of a transcription.
  absl::StatusOr<int64_t> Delete(const std::string& transcribe_id, int limit);

 private:
  sql::Connection& connection_;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_TRANSCRIBE_TABLE_H_
