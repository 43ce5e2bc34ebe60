-- migrate:up
CREATE TABLE orders (
  order_id    uuid        PRIMARY KEY,
  user_id     uuid        NOT NULL,
  currency    text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  -- [{"sku", "quantity", "unit_price_minor"}]: lines are always read and written with their order, so one row holds the
  -- whole order and reading it is one index lookup.
  lines       jsonb       NOT NULL CHECK (jsonb_typeof(lines) = 'array'),
  total_minor bigint      NOT NULL CHECK (total_minor BETWEEN 0 AND 9007199254740991),
  status      text        NOT NULL CHECK (status IN ('processing', 'done', 'cancelled')),
  version     bigint      NOT NULL CHECK (version >= 1),
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL CHECK (updated_at >= created_at)
);

-- The sort order of lists, and their keyset. No index has the status, so that a change of status is a heap-only update;
-- a list of one status filters its user's orders.
CREATE INDEX orders_of_a_user ON orders (user_id, created_at DESC, order_id DESC);

-- The audit trail. No foreign key to orders: entries are kept after their order is deleted.
CREATE TABLE order_events (
  event_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id   uuid        NOT NULL,
  kind       text        NOT NULL,
  actor_id   uuid        NOT NULL,
  request_id text        NOT NULL,
  at         timestamptz NOT NULL,
  details    jsonb       NOT NULL
);

CREATE INDEX order_events_of_an_order ON order_events (order_id, event_id);

CREATE FUNCTION refuse_to_rewrite_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'order_events is append-only';
END
$$;

CREATE TRIGGER order_events_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON order_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_history();

-- The first result of each Idempotency-Key: a row of `orders` in JSON, as it was when the order was created.
CREATE TABLE idempotency_keys (
  user_id      uuid        NOT NULL,
  key          text        NOT NULL,
  fingerprint  bytea       NOT NULL CHECK (octet_length(fingerprint) = 32),
  first_answer jsonb       NOT NULL,
  created_at   timestamptz NOT NULL,
  PRIMARY KEY (user_id, key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- migrate:down
DROP TABLE idempotency_keys;
DROP TABLE order_events;
DROP FUNCTION refuse_to_rewrite_history();
DROP TABLE orders;
