-- migrate:up
-- Events for other services, written in the transaction of the change. The stream of events is a copy of this table and
-- can be restored from it.
CREATE TABLE outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The event's position in the stream. Assigned by the relay, not by the INSERT: of two transactions, the one that
    -- writes first may commit last.
    position bigint UNIQUE CHECK (position > 0),
    event_id uuid NOT NULL UNIQUE,
    at timestamptz NOT NULL,
    type text NOT NULL,
    payload bytea NOT NULL,
    request_id text NOT NULL,
    traceparent text NOT NULL
);

CREATE INDEX outbox_without_position ON outbox (outbox_id) WHERE position IS NULL;
CREATE INDEX outbox_by_age ON outbox (at);

-- migrate:down
DROP TABLE outbox;
