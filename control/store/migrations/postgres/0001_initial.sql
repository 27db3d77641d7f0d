-- Times are microseconds since 1970, UTC. A body is a serialized record of
-- control/store/records.proto; the other columns repeat what queries ask for.
-- Text is in the order of its bytes, as in SQLite, whatever the data base's locale.

CREATE TABLE meta (
  name TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  value BYTEA NOT NULL
);
-- Page tokens and cursors are signed with it.
INSERT INTO meta (name, value) VALUES ('token_secret', sha256(convert_to(
  gen_random_uuid()::TEXT || gen_random_uuid()::TEXT || gen_random_uuid()::TEXT, 'UTF8')));

CREATE TABLE conferences (
  id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  customer_id TEXT COLLATE "C" NOT NULL,
  type BIGINT NOT NULL,
  status BIGINT NOT NULL,
  tm_create BIGINT NOT NULL,
  -- When it ended, for retention.
  tm_end BIGINT,
  deadline_at BIGINT,
  node_id TEXT COLLATE "C",
  revision BIGINT NOT NULL,
  body BYTEA NOT NULL
);
CREATE INDEX conferences_list ON conferences (customer_id, tm_create, id);
CREATE INDEX conferences_due ON conferences (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX conferences_live ON conferences (status) WHERE tm_end IS NULL;
CREATE INDEX conferences_ended ON conferences (tm_end) WHERE tm_end IS NOT NULL;
CREATE INDEX conferences_node ON conferences (node_id) WHERE node_id IS NOT NULL;

CREATE TABLE conferencecalls (
  id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  customer_id TEXT COLLATE "C" NOT NULL,
  conference_id TEXT COLLATE "C" NOT NULL,
  call_id TEXT COLLATE "C" NOT NULL,
  status BIGINT NOT NULL,
  tm_create BIGINT NOT NULL,
  tm_end BIGINT,
  deadline_at BIGINT,
  -- Checks that it failed in a row; in no body.
  health_failures BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  body BYTEA NOT NULL
);
CREATE INDEX conferencecalls_list ON conferencecalls (customer_id, tm_create, id);
CREATE INDEX conferencecalls_conference ON conferencecalls (conference_id, tm_create, id);
CREATE INDEX conferencecalls_due ON conferencecalls (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX conferencecalls_live ON conferencecalls (status) WHERE tm_end IS NULL;
CREATE INDEX conferencecalls_ended ON conferencecalls (tm_end) WHERE tm_end IS NOT NULL;
-- Who is in a room, whatever has left it.
CREATE INDEX conferencecalls_present ON conferencecalls (conference_id, tm_create, id) WHERE tm_end IS NULL;

CREATE TABLE calls (
  id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  customer_id TEXT COLLATE "C" NOT NULL,
  status BIGINT NOT NULL,
  tm_create BIGINT NOT NULL,
  tm_end BIGINT,
  deadline_at BIGINT,
  -- Set while a leg may be there.
  node_id TEXT COLLATE "C",
  revision BIGINT NOT NULL,
  body BYTEA NOT NULL
);
CREATE INDEX calls_list ON calls (customer_id, tm_create, id);
CREATE INDEX calls_due ON calls (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX calls_live ON calls (status) WHERE tm_end IS NULL;
CREATE INDEX calls_ended ON calls (tm_end) WHERE tm_end IS NOT NULL;
CREATE INDEX calls_node ON calls (node_id) WHERE node_id IS NOT NULL;

-- The last sequence of each stream, and the last one that was purged.
CREATE TABLE streams (
  stream TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  customer_id TEXT COLLATE "C" NOT NULL,
  sequence BIGINT NOT NULL,
  purged_sequence BIGINT NOT NULL
);

-- Where all positions are purged up to; locked by a purge, so it is there from
-- the beginning.
INSERT INTO streams (stream, customer_id, sequence, purged_sequence) VALUES ('', '', 0, 0);

CREATE TABLE outbox (
  -- In the order of the inserts: within a stream that of its sequences, for its
  -- row is locked meanwhile.
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The order of all events, given out after the commit; null until then.
  position BIGINT UNIQUE,
  stream TEXT COLLATE "C" NOT NULL,
  sequence BIGINT NOT NULL,
  customer_id TEXT COLLATE "C" NOT NULL,
  type TEXT COLLATE "C" NOT NULL,
  tm_create BIGINT NOT NULL,
  -- A serialized tutti.control.v1.Event.
  payload BYTEA NOT NULL
);
CREATE UNIQUE INDEX outbox_stream ON outbox (stream, sequence);
CREATE INDEX outbox_unsequenced ON outbox (id) WHERE position IS NULL;

-- One row: the last position that was given out. Who locks it gives out the next.
CREATE TABLE sequencer (
  position BIGINT NOT NULL
);
INSERT INTO sequencer (position) VALUES (0);

CREATE TABLE idempotency_keys (
  customer_id TEXT COLLATE "C" NOT NULL,
  method TEXT COLLATE "C" NOT NULL,
  idempotency_key TEXT COLLATE "C" NOT NULL,
  body_hash BYTEA NOT NULL,
  resource_id TEXT COLLATE "C" NOT NULL,
  -- The first answer; null until there is one.
  response BYTEA,
  tm_create BIGINT NOT NULL,
  PRIMARY KEY (customer_id, method, idempotency_key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (tm_create);

CREATE TABLE media_nodes (
  id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  epoch TEXT COLLATE "C" NOT NULL,
  sequence BIGINT NOT NULL,
  owner TEXT COLLATE "C" NOT NULL,
  term BIGINT NOT NULL,
  lease_until BIGINT NOT NULL
);
