-- migrate:up
-- The audit trail has one partition per month, so that old entries are removed by dropping a table, not by deleting rows.
ALTER TABLE order_events RENAME TO order_events_before;
ALTER TABLE order_events_before ALTER COLUMN event_id DROP IDENTITY;
ALTER TABLE order_events_before DROP CONSTRAINT order_events_pkey;
ALTER TABLE order_events_before ADD CONSTRAINT order_events_before_pkey PRIMARY KEY (at, event_id);
ALTER INDEX order_events_of_an_order RENAME TO order_events_before_of_an_order;

CREATE TABLE order_events (
  event_id   bigint      GENERATED ALWAYS AS IDENTITY,
  order_id   uuid        NOT NULL,
  kind       text        NOT NULL,
  actor_id   uuid        NOT NULL,
  request_id text        NOT NULL,
  at         timestamptz NOT NULL,
  details    jsonb       NOT NULL,
  PRIMARY KEY (at, event_id)
) PARTITION BY RANGE (at);

SELECT setval(pg_get_serial_sequence('order_events', 'event_id'), GREATEST(max(event_id), 0) + 1, false)
FROM order_events_before;

CREATE INDEX order_events_of_an_order ON order_events (order_id, event_id);

CREATE TRIGGER order_events_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON order_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_history();

-- Retention of the trail, in days after the end of a month; 0: unlimited. Only the owner of the schema can set it, when
-- migrating: the service's role cannot shorten it.
CREATE TABLE order_events_retention (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    days integer NOT NULL CHECK (days >= 0)
);
INSERT INTO order_events_retention (days) VALUES (400);

-- The partitions with bounds, which are whole months; the default partition has none.
CREATE FUNCTION order_events_partitions() RETURNS TABLE (name text, since timestamptz, until timestamptz)
LANGUAGE sql STABLE SET TimeZone = 'UTC' AS $$
    SELECT child.relname::text,
           COALESCE(substring(bounds FROM 'FROM \(''([^'']+)''\)')::timestamptz, '-infinity'),
           substring(bounds FROM 'TO \(''([^'']+)''\)')::timestamptz
    FROM pg_inherits
    JOIN pg_class AS child ON child.oid = inhrelid,
    LATERAL pg_get_expr(child.relpartbound, child.oid) AS bounds
    WHERE inhparent = 'order_events'::regclass AND bounds <> 'DEFAULT'
$$;

-- A trigger of the parent table does not fire for a statement on a partition, so each partition has its own.
CREATE FUNCTION add_order_events_partition(name text, bounds text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I PARTITION OF order_events %s', name, bounds);
    EXECUTE format('CREATE TRIGGER order_events_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
        'FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_history()', name);
END
$$;

-- Adds the partition of the month that begins at `month`. Events that arrived before it existed move from the default
-- partition.
CREATE FUNCTION add_order_events_month(month timestamptz) RETURNS void LANGUAGE plpgsql SET TimeZone = 'UTC' AS $$
DECLARE
    until timestamptz := month + interval '1 month';
    has_strays boolean := EXISTS (SELECT FROM order_events_default WHERE at >= month AND at < until);
BEGIN
    IF has_strays THEN
        ALTER TABLE order_events DETACH PARTITION order_events_default;
        ALTER TABLE order_events_default RENAME TO order_events_strays;
        ALTER INDEX order_events_default_pkey RENAME TO order_events_strays_pkey;
    END IF;
    PERFORM add_order_events_partition(
        to_char(month, '"order_events_"YYYY_MM'), format('FOR VALUES FROM (%L) TO (%L)', month, until)
    );
    IF has_strays THEN
        PERFORM add_order_events_partition('order_events_default', 'DEFAULT');
        INSERT INTO order_events OVERRIDING SYSTEM VALUE SELECT * FROM order_events_strays;
        DROP TABLE order_events_strays;
    END IF;
END
$$;

-- Creates the missing partitions of a month and the three after it. created: how many; strays: how many events are in the
-- default partition. Both are NULL if another process is at it.
CREATE FUNCTION extend_order_events_at(moment timestamptz, OUT created integer, OUT strays bigint)
LANGUAGE plpgsql SET TimeZone = 'UTC' SET lock_timeout = '1s' AS $$
DECLARE
    month timestamptz;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('order_events')) THEN
        RETURN;
    END IF;
    created := 0;
    FOR ahead IN 0..3 LOOP
        month := date_trunc('month', moment) + ahead * interval '1 month';
        IF NOT EXISTS (SELECT FROM order_events_partitions() AS p WHERE p.since <= month AND month < p.until) THEN
            PERFORM add_order_events_month(month);
            created := created + 1;
        END IF;
    END LOOP;
    SELECT count(*) INTO strays FROM order_events_default;
END
$$;

-- Drops the months that ended more than the retention ago, and returns how many. The newest event must be that much later
-- as well, so that a server whose clock is far ahead drops nothing.
CREATE FUNCTION shorten_order_events_at(moment timestamptz) RETURNS integer
LANGUAGE plpgsql SET TimeZone = 'UTC' SET lock_timeout = '1s' AS $$
DECLARE
    kept interval := (SELECT make_interval(days => days) FROM order_events_retention WHERE days > 0);
    outdated timestamptz := LEAST(moment, (SELECT max(at) FROM order_events)) - kept;
    month text;
    dropped integer := 0;
BEGIN
    IF outdated IS NULL OR NOT pg_try_advisory_xact_lock(hashtext('order_events')) THEN
        RETURN 0;
    END IF;
    FOR month IN SELECT p.name FROM order_events_partitions() AS p WHERE p.until <= outdated ORDER BY p.until LOOP
        EXECUTE format('DROP TABLE %I', month);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;

-- What the service's role may call: time and retention are not arguments, so that it cannot choose them.
CREATE FUNCTION extend_order_events(OUT created integer, OUT strays bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS 'SELECT * FROM extend_order_events_at(now())';
CREATE FUNCTION shorten_order_events() RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS 'SELECT shorten_order_events_at(now())';

SELECT add_order_events_partition('order_events_default', 'DEFAULT');

-- Existing rows stay where they are: their table becomes the partition up to the end of the newest row's month.
DO $$
DECLARE
    until timestamptz;
BEGIN
    IF NOT EXISTS (SELECT FROM order_events_before) THEN
        DROP TABLE order_events_before;
        RETURN;
    END IF;
    SET LOCAL TimeZone = 'UTC';
    SELECT date_trunc('month', GREATEST(max(at), now())) + interval '1 month' INTO until FROM order_events_before;
    EXECUTE format('ALTER TABLE order_events ATTACH PARTITION order_events_before FOR VALUES FROM (MINVALUE) TO (%L)', until);
END
$$;

SELECT extend_order_events();

-- For the deletion of expired rows.
CREATE INDEX processed_events_by_age ON processed_events (processed_at);
CREATE INDEX deleted_users_by_age ON deleted_users (deleted_at);

-- A list of one status is a range scan of this index.
CREATE INDEX orders_of_a_user_by_status ON orders (user_id, status, created_at DESC, order_id DESC);

-- migrate:down
DROP INDEX orders_of_a_user_by_status;
DROP INDEX deleted_users_by_age;
DROP INDEX processed_events_by_age;
CREATE TABLE order_events_whole (LIKE order_events INCLUDING CONSTRAINTS);
INSERT INTO order_events_whole SELECT * FROM order_events;
DROP FUNCTION extend_order_events, shorten_order_events, extend_order_events_at, shorten_order_events_at,
  add_order_events_month, add_order_events_partition, order_events_partitions;
DROP TABLE order_events_retention;
DROP TABLE order_events;
ALTER TABLE order_events_whole RENAME TO order_events;
ALTER TABLE order_events ADD CONSTRAINT order_events_pkey PRIMARY KEY (event_id);
ALTER TABLE order_events ALTER COLUMN event_id ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(pg_get_serial_sequence('order_events', 'event_id'), GREATEST(max(event_id), 0) + 1, false) FROM order_events;
CREATE INDEX order_events_of_an_order ON order_events (order_id, event_id);
CREATE TRIGGER order_events_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON order_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_history();
