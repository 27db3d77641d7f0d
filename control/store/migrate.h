#ifndef CONTROL_STORE_MIGRATE_H_
#define CONTROL_STORE_MIGRATE_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "control/store/sql/connection.h"

namespace tutti::control {

// A numbered change of the schema; numbers go up by one from 1.
struct Migration {
  int version;
  std::string_view name;
  std::string_view sql;
};

// Brings the schema up to the last migration, each in a transaction of its own.
// FAILED_PRECONDITION: the data base is of a newer version of the program.
absl::Status Migrate(sql::Connection& connection, absl::Span<const Migration> migrations);

}  // namespace tutti::control

#endif  // CONTROL_STORE_MIGRATE_H_
