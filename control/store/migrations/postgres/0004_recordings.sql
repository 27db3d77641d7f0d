-- What was recorded and transcribed in rooms.

CREATE TABLE recordings (
  id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  customer_id TEXT COLLATE "C" NOT NULL,
  conference_id TEXT COLLATE "C" NOT NULL,
  tm_create BIGINT NOT NULL,
  status BIGINT NOT NULL,
  -- When it was over, for retention.
  tm_end BIGINT,
  deadline_at BIGINT,
  -- Set while something is wanted of the node.
  node_id TEXT COLLATE "C",
  -- Since when the node has not confirmed what is wanted.
  command_at BIGINT,
  -- 1: it can't be seen any more, its files are still to go.
  is_deleted BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  body BYTEA NOT NULL
);
CREATE INDEX recordings_list ON recordings (customer_id, tm_create, id);
CREATE INDEX recordings_conference ON recordings (conference_id, tm_create, id);
CREATE INDEX recordings_due ON recordings (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX recordings_live ON recordings (status) WHERE tm_end IS NULL;
CREATE INDEX recordings_ended ON recordings (tm_end) WHERE tm_end IS NOT NULL;
CREATE INDEX recordings_node ON recordings (node_id) WHERE node_id IS NOT NULL;
CREATE INDEX recordings_command ON recordings (command_at) WHERE command_at IS NOT NULL;

-- Whose each file is.
CREATE TABLE recording_files (
  id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  recording_id TEXT COLLATE "C" NOT NULL
);
CREATE INDEX recording_files_recording ON recording_files (recording_id);

CREATE TABLE transcribes (
  id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  customer_id TEXT COLLATE "C" NOT NULL,
  conference_id TEXT COLLATE "C" NOT NULL,
  tm_create BIGINT NOT NULL,
  status BIGINT NOT NULL,
  tm_end BIGINT,
  deadline_at BIGINT,
  node_id TEXT COLLATE "C",
  command_at BIGINT,
  revision BIGINT NOT NULL,
  body BYTEA NOT NULL
);
CREATE INDEX transcribes_list ON transcribes (customer_id, tm_create, id);
CREATE INDEX transcribes_conference ON transcribes (conference_id, tm_create, id);
CREATE INDEX transcribes_due ON transcribes (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX transcribes_live ON transcribes (status) WHERE tm_end IS NULL;
CREATE INDEX transcribes_ended ON transcribes (tm_end) WHERE tm_end IS NOT NULL;
CREATE INDEX transcribes_node ON transcribes (node_id) WHERE node_id IS NOT NULL;
CREATE INDEX transcribes_command ON transcribes (command_at) WHERE command_at IS NOT NULL;

CREATE TABLE transcripts (
  transcribe_id TEXT COLLATE "C" NOT NULL,
  -- Milliseconds from the transcription's beginning.
  tm_transcript BIGINT NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (transcribe_id, tm_transcript, id)
);

-- Who a call was in which room.
CREATE INDEX conferencecalls_call ON conferencecalls (call_id);
