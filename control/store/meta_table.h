#ifndef CONTROL_STORE_META_TABLE_H_
#define CONTROL_STORE_META_TABLE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/store/sql/connection.h"

namespace tutti::control {

// Facts of the whole data base, by name.
class MetaTable {
 public:
  explicit MetaTable(sql::Connection& connection) : connection_(connection) {}

  absl::StatusOr<std::optional<std::string>> Find(const std::string& name);
  absl::Status Set(const std::string& name, const std::string& value);

 private:
  sql::Connection& connection_;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_META_TABLE_H_
