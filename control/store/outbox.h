#ifndef CONTROL_STORE_OUTBOX_H_
#define CONTROL_STORE_OUTBOX_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/store/sql/connection.h"
#include "tutti/control/v1/event.pb.h"

namespace tutti::control {

// The events, written in the transaction of what they tell of. A stream's
// sequence is taken under its row, so that it has no hole.
class Outbox {
 public:
  explicit Outbox(sql::Connection& connection) : connection_(connection) {}

  // The next `count` sequences of a stream, which is made when new; gives the
  // first of them.
  absl::StatusOr<int64_t> TakeSequences(const std::string& stream, const std::string& customer_id, int64_t count);
  // An event with its sequence taken.
  absl::Status Insert(const v1::Event& event, const std::string& customer_id);

  // Gives their positions to at most `limit` committed events that have none yet;
  // a stream's in their order. Returns how many: 0 where there is none, where
  // another replica is at it, and where one writer gives positions at the insert.
  absl::StatusOr<int64_t> Sequence(int limit);
  // Whether Sequence would find any.
  absl::StatusOr<bool> HasUnsequenced();

  struct Stored {
    // 0: it has none yet.
    int64_t position = 0;
    v1::Event event;
  };
  // In order of position, after `position`; those that have one.
  absl::StatusOr<std::vector<Stored>> ReadAll(const std::string& customer_id, int64_t after_position, int limit);
  absl::StatusOr<std::vector<Stored>> ReadStream(const std::string& stream, int64_t after_sequence, int limit);
  struct StoredWithCustomer : Stored {
    std::string customer_id;
  };
  // As ReadAll, of all customers.
  absl::StatusOr<std::vector<StoredWithCustomer>> ReadAllCustomers(int64_t after_position, int limit);
  // The last position before the events of this time and later; 0: before all.
  absl::StatusOr<int64_t> FindPosition(int64_t tm_create_us);
  // The newest position; 0: none yet.
  absl::StatusOr<int64_t> LastPosition();
  // Up to where positions are purged.
  absl::StatusOr<int64_t> PurgedPosition();

  struct Stream {
    std::string customer_id;
    int64_t sequence = 0;
    int64_t purged_sequence = 0;
  };
  absl::StatusOr<std::optional<Stream>> FindStream(const std::string& stream);

  // Deletes at most `limit` events made before; oldest first.
  absl::StatusOr<int64_t> Purge(int64_t created_before_us, int limit);

  // Somebody who reads events would find more after the commit.
  bool has_news() const { return has_news_; }

 private:
  // Then the order of the inserts is that of the commits.
  bool HasOneWriter() const { return connection_.LockClause().empty(); }

  sql::Connection& connection_;
  bool has_news_ = false;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_OUTBOX_H_
