-- Sounds that customers have uploaded. They never change.
CREATE TABLE sounds (
  id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  customer_id TEXT COLLATE "C" NOT NULL,
  tm_create BIGINT NOT NULL,
  -- Bytes of the file.
  size BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  body BYTEA NOT NULL
);
CREATE INDEX sounds_list ON sounds (customer_id, tm_create, id);

-- The files, as they came.
CREATE TABLE sound_files (
  id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  bytes BYTEA NOT NULL
);
