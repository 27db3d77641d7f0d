CREATE TABLE flows (
  id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  customer_id TEXT COLLATE "C" NOT NULL,
  tm_create BIGINT NOT NULL,
  tm_update BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  body BYTEA NOT NULL
);
CREATE INDEX flows_list ON flows (customer_id, tm_create, id);
