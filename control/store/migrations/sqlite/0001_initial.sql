-- Times are microseconds since 1970, UTC. A body is a serialized record of
-- control/store/records.proto; the other columns repeat what queries ask for.

CREATE TABLE meta (
  name TEXT PRIMARY KEY NOT NULL,
  value BLOB NOT NULL
) WITHOUT ROWID;
-- Page tokens and cursors are signed with it.
INSERT INTO meta (name, value) VALUES ('token_secret', randomblob(32));

CREATE TABLE conferences (
  id TEXT PRIMARY KEY NOT NULL,
  customer_id TEXT NOT NULL,
  type BIGINT NOT NULL,
  status BIGINT NOT NULL,
  tm_create BIGINT NOT NULL,
  -- When it ended, for retention.
  tm_end BIGINT,
  deadline_at BIGINT,
  node_id TEXT,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX conferences_list ON conferences (customer_id, tm_create, id);
CREATE INDEX conferences_due ON conferences (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX conferences_live ON conferences (status) WHERE tm_end IS NULL;
CREATE INDEX conferences_ended ON conferences (tm_end) WHERE tm_end IS NOT NULL;
CREATE INDEX conferences_node ON conferences (node_id) WHERE node_id IS NOT NULL;

CREATE TABLE conferencecalls (
  id TEXT PRIMARY KEY NOT NULL,
  customer_id TEXT NOT NULL,
  conference_id TEXT NOT NULL,
  call_id TEXT NOT NULL,
  status BIGINT NOT NULL,
  tm_create BIGINT NOT NULL,
  tm_end BIGINT,
  deadline_at BIGINT,
  -- Checks that it failed in a row; in no body.
  health_failures BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX conferencecalls_list ON conferencecalls (customer_id, tm_create, id);
CREATE INDEX conferencecalls_conference ON conferencecalls (conference_id, tm_create, id);
CREATE INDEX conferencecalls_due ON conferencecalls (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX conferencecalls_live ON conferencecalls (status) WHERE tm_end IS NULL;
CREATE INDEX conferencecalls_ended ON conferencecalls (tm_end) WHERE tm_end IS NOT NULL;
-- Who is in a room, whatever has left it.
CREATE INDEX conferencecalls_present ON conferencecalls (conference_id, tm_create, id) WHERE tm_end IS NULL;

CREATE TABLE calls (
  id TEXT PRIMARY KEY NOT NULL,
  customer_id TEXT NOT NULL,
  status BIGINT NOT NULL,
  tm_create BIGINT NOT NULL,
  tm_end BIGINT,
  deadline_at BIGINT,
  -- Set while a leg may be there.
  node_id TEXT,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX calls_list ON calls (customer_id, tm_create, id);
CREATE INDEX calls_due ON calls (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX calls_live ON calls (status) WHERE tm_end IS NULL;
CREATE INDEX calls_ended ON calls (tm_end) WHERE tm_end IS NOT NULL;
CREATE INDEX calls_node ON calls (node_id) WHERE node_id IS NOT NULL;

-- The last sequence of each stream, and the last one that was purged.
CREATE TABLE streams (
  stream TEXT PRIMARY KEY NOT NULL,
  customer_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  purged_sequence BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE outbox (
  -- The order of all events.
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  stream TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  customer_id TEXT NOT NULL,
  type TEXT NOT NULL,
  tm_create BIGINT NOT NULL,
  -- A serialized tutti.control.v1.Event.
  payload BLOB NOT NULL
);
CREATE UNIQUE INDEX outbox_stream ON outbox (stream, sequence);

CREATE TABLE idempotency_keys (
  customer_id TEXT NOT NULL,
  method TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  body_hash BLOB NOT NULL,
  resource_id TEXT NOT NULL,
  -- The first answer; null until there is one.
  response BLOB,
  tm_create BIGINT NOT NULL,
  PRIMARY KEY (customer_id, method, idempotency_key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_age ON idempotency_keys (tm_create);

CREATE TABLE media_nodes (
  id TEXT PRIMARY KEY NOT NULL,
  epoch TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  owner TEXT NOT NULL,
  term BIGINT NOT NULL,
  lease_until BIGINT NOT NULL
) WITHOUT ROWID;
