#ifndef CONTROL_STORE_TRANSACTION_H_
#define CONTROL_STORE_TRANSACTION_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "control/store/call_table.h"
#include "control/store/conference_table.h"
#include "control/store/conferencecall_table.h"
#include "control/store/flow_table.h"
#include "control/store/idempotency_table.h"
#include "control/store/media_node_table.h"
#include "control/store/meta_table.h"
#include "control/store/outbox.h"
#include "control/store/recording_table.h"
#include "control/store/sound_table.h"
#include "control/store/sql/connection.h"
#include "control/store/transcribe_table.h"
#include "control/store/webhook_delivery_table.h"
#include "control/store/webhook_table.h"

namespace tutti::control {

// The tables within one transaction (or, for reads, one view).
//
// Transactions of several replicas run side by side. What keeps them apart is the
// rows' revisions: a step reads without locks, and an Update of a row that
// changed since is ABORTED; the store then runs the step again, and this time it
// locks what it read before it decides. All that is locked or written of the
// resources is so in one order (conferences, conferencecalls, calls,
// recordings, transcribes, streams; each by id), so nobody waits in a circle.
class Transaction {
 public:
  // Both outlive it. `clock` is the replica's.
  Transaction(sql::Connection& connection, Clock& clock, int attempt = 0)
      : conferences(connection),
        conferencecalls(connection),
        calls(connection),
        recordings(connection),
        transcribes(connection),
        transcripts(connection),
        flows(connection),
        sounds(connection),
        outbox(connection),
        idempotency_keys(connection),
        media_nodes(connection),
        meta(connection),
        webhooks(connection),
        webhook_deliveries(connection),
        attempt(attempt),
        connection_(connection),
        clock_(clock) {}

  // The data base's own time, for leases: one for all replicas.
  absl::StatusOr<absl::Time> Now();

  ConferenceTable conferences;
  ConferencecallTable conferencecalls;
  CallTable calls;
  RecordingTable recordings;
  TranscribeTable transcribes;
  TranscriptTable transcripts;
  FlowTable flows;
  SoundTable sounds;
  Outbox outbox;
  IdempotencyTable idempotency_keys;
  MediaNodeTable media_nodes;
  MetaTable meta;
  WebhookTable webhooks;
  WebhookDeliveryTable webhook_deliveries;

  // How often this step was run in vain; from 1 on it locks first.
  const int attempt;

 private:
  sql::Connection& connection_;
  Clock& clock_;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_TRANSACTION_H_
