-- What the peers write. `row_of_text` is the insert-only one's, the rest is the whole job's.
CREATE TABLE row_of_text (
    id uuid PRIMARY KEY,
    chat_id uuid NOT NULL,
    author_id uuid NOT NULL,
    text text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX ON row_of_text (chat_id, created_at DESC, id DESC);

CREATE TABLE session (id uuid PRIMARY KEY, user_id uuid NOT NULL, revoked_at timestamptz);
CREATE TABLE chat (id uuid PRIMARY KEY, last_seq bigint NOT NULL DEFAULT 0);
CREATE TABLE participant (
    chat_id uuid NOT NULL REFERENCES chat,
    user_id uuid NOT NULL,
    left_at timestamptz,
    PRIMARY KEY (chat_id, user_id)
);
CREATE TABLE message (
    id uuid PRIMARY KEY,
    chat_id uuid NOT NULL REFERENCES chat,
    seq bigint NOT NULL,
    author_id uuid NOT NULL,
    client_id uuid NOT NULL,
    text text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (chat_id, seq),
    UNIQUE (author_id, client_id)
);
CREATE TABLE chat_event (
    chat_id uuid NOT NULL,
    seq bigint NOT NULL,
    type text NOT NULL,
    data jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (chat_id, seq)
);
