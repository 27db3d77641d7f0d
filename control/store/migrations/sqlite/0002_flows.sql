CREATE TABLE flows (
  id TEXT PRIMARY KEY NOT NULL,
  customer_id TEXT NOT NULL,
  tm_create BIGINT NOT NULL,
  tm_update BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX flows_list ON flows (customer_id, tm_create, id);
