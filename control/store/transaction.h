#ifndef CONTROL_STORE_TRANSACTION_H_
#define CONTROL_STORE_TRANSACTION_H_

#include "control/store/call_table.h"
#include "control/store/conference_table.h"
#include "control/store/conferencecall_table.h"
#include "control/store/idempotency_table.h"
#include "control/store/media_node_table.h"
#include "control/store/meta_table.h"
#include "control/store/outbox.h"
#include "control/store/sql/connection.h"

namespace tutti::control {

// The tables within one transaction (or, for reads, one view). Locks are taken
// in the order conference, conferencecall, call.
class Transaction {
 public:
  explicit Transaction(sql::Connection& connection)
      : conferences(connection),
        conferencecalls(connection),
        calls(connection),
        outbox(connection),
        idempotency_keys(connection),
        media_nodes(connection),
        meta(connection) {}

  ConferenceTable conferences;
  ConferencecallTable conferencecalls;
  CallTable calls;
  Outbox outbox;
  IdempotencyTable idempotency_keys;
  MediaNodeTable media_nodes;
  MetaTable meta;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_TRANSACTION_H_
