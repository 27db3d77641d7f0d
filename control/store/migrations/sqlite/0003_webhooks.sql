-- Receivers of events, and what is sent to them.

CREATE TABLE webhooks (
  id TEXT PRIMARY KEY NOT NULL,
  customer_id TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  tm_create BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX webhooks_list ON webhooks (customer_id, tm_create, id);

-- One row. Who changes anything below, or a webhook, locks it first. Its owner fans
-- events out and sends; `position` is that of the last event that was fanned out;
-- `generation` goes up with each change that the owner must look at.
CREATE TABLE webhook_engine (
  owner TEXT NOT NULL,
  term BIGINT NOT NULL,
  lease_until BIGINT NOT NULL,
  position BIGINT NOT NULL,
  generation BIGINT NOT NULL
);
INSERT INTO webhook_engine (owner, term, lease_until, position, generation) VALUES ('', 0, 0, 0, 1);

-- An event for a webhook; the event itself is in the outbox.
CREATE TABLE webhook_deliveries (
  webhook_id TEXT NOT NULL,
  stream TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  -- The event's.
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  tm_create BIGINT NOT NULL,
  -- 1 pending, 2 delivered, 3 dead.
  state BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  last_status BIGINT NOT NULL,
  last_error TEXT NOT NULL,
  tm_update BIGINT,
  next_attempt_at BIGINT,
  PRIMARY KEY (webhook_id, stream, sequence)
) WITHOUT ROWID;
CREATE INDEX webhook_deliveries_list ON webhook_deliveries (webhook_id, tm_create, id);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (webhook_id, stream, sequence) WHERE state = 1;
CREATE INDEX webhook_deliveries_oldest ON webhook_deliveries (tm_create) WHERE state = 1;
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (webhook_id, tm_create) WHERE state = 3;
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (tm_create);

-- A stream in which something waits for a webhook.
CREATE TABLE webhook_lanes (
  webhook_id TEXT NOT NULL,
  stream TEXT NOT NULL,
  next_attempt_at BIGINT NOT NULL,
  PRIMARY KEY (webhook_id, stream)
) WITHOUT ROWID;
CREATE INDEX webhook_lanes_due ON webhook_lanes (webhook_id, next_attempt_at);

-- Webhooks that are gone and whose deliveries are still to be deleted.
CREATE TABLE webhook_leftovers (
  webhook_id TEXT PRIMARY KEY NOT NULL
) WITHOUT ROWID;
