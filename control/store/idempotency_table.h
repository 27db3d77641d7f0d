#ifndef CONTROL_STORE_IDEMPOTENCY_TABLE_H_
#define CONTROL_STORE_IDEMPOTENCY_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/store/sql/connection.h"

namespace tutti::control {

// The keys of creates that succeeded or are on their way.
class IdempotencyTable {
 public:
  // Keys are a customer's and a method's.
  struct Key {
    std::string customer_id;
    std::string method;
    std::string key;
  };
  struct Entry {
    std::string body_hash;
    std::string resource_id;
    // The first answer, serialized; nothing until there is one.
    std::optional<std::string> response;
    // Unix microseconds.
    int64_t tm_create_us = 0;
  };

  explicit IdempotencyTable(sql::Connection& connection) : connection_(connection) {}

  absl::StatusOr<std::optional<Entry>> Find(const Key& key);
  // ABORTED (ROW_CHANGED): a twin was faster; the step that runs again finds its entry.
  absl::Status Insert(const Key& key, const Entry& entry);
  absl::Status SetResponse(const Key& key, const std::string& response);
  // So that a create that failed can be tried again.
  absl::Status Delete(const Key& key);
  absl::StatusOr<int64_t> Purge(int64_t created_before_us, int limit);

 private:
  sql::Connection& connection_;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_IDEMPOTENCY_TABLE_H_
