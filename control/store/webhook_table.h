#ifndef CONTROL_STORE_WEBHOOK_TABLE_H_
#define CONTROL_STORE_WEBHOOK_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/store/records.pb.h"
#include "control/store/resource_table.h"

namespace tutti::control {

struct WebhookKind {
  using Record = store::WebhookRecord;
  static constexpr char kTable[] = "webhooks";
  static constexpr const char* kConstant[] = {"customer_id", "tm_create"};
  static constexpr const char* kChanging[] = {"enabled"};
  static constexpr char kStream[] = "";
  static constexpr int kStatuses = 0;
  static const std::string& Id(const Record& record) { return record.webhook().id(); }
  static void AppendConstant(const Record& record, table::Values& values);
  static void AppendChanging(const Record& record, table::Values& values);
};

// Rows have no deadlines and no end: of ResourceTable's methods it has those that
// are named here.
class WebhookTable : private ResourceTable<WebhookKind> {
 public:
  using ResourceTable::Find;
  using ResourceTable::Insert;
  using ResourceTable::Record;
  using ResourceTable::ResourceTable;
  using ResourceTable::Update;

  // Newest first.
  absl::StatusOr<std::vector<Record>> List(const std::string& customer_id, const PageStart& start, int limit);
  absl::StatusOr<int64_t> Count(const std::string& customer_id);
  // Of all customers, by id.
  absl::StatusOr<std::vector<Record>> FindEnabled();
  absl::Status Delete(const std::string& id);
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_WEBHOOK_TABLE_H_
