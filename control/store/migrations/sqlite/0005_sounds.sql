-- Sounds that customers have uploaded. They never change.
CREATE TABLE sounds (
  id TEXT PRIMARY KEY NOT NULL,
  customer_id TEXT NOT NULL,
  tm_create BIGINT NOT NULL,
  -- Bytes of the file.
  size BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX sounds_list ON sounds (customer_id, tm_create, id);

-- The files, as they came.
CREATE TABLE sound_files (
  id TEXT PRIMARY KEY NOT NULL,
  bytes BLOB NOT NULL
);
