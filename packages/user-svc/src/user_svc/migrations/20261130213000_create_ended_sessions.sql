-- migrate:up
-- Sessions that were ended before their time. Written before they end in Redis, so that a Redis that lost its data or was
-- tampered with does not revive them. A row is deleted once no key of its session can be presented.
CREATE TABLE ended_sessions (
    session_id text PRIMARY KEY,
    ended_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX ended_sessions_by_age ON ended_sessions (ended_at);

-- migrate:down
DROP TABLE ended_sessions;
