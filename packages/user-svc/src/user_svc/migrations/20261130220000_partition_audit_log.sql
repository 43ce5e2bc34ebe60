-- migrate:up
-- The log has a partition for each month, so that old events are removed by dropping a table: no row is ever deleted.
ALTER TABLE audit_log RENAME TO audit_log_before;
DROP INDEX audit_log_by_time;  -- the new primary key is the same index
ALTER TABLE audit_log_before ALTER COLUMN audit_id DROP IDENTITY;
ALTER TABLE audit_log_before DROP CONSTRAINT audit_log_pkey;
ALTER TABLE audit_log_before ADD CONSTRAINT audit_log_before_pkey PRIMARY KEY (at, audit_id);
ALTER INDEX audit_log_by_kind RENAME TO audit_log_before_by_kind;
ALTER INDEX audit_log_by_subject RENAME TO audit_log_before_by_subject;
ALTER INDEX audit_log_by_subject_and_kind RENAME TO audit_log_before_by_subject_and_kind;
ALTER INDEX audit_log_by_actor RENAME TO audit_log_before_by_actor;
ALTER INDEX audit_log_by_actor_and_kind RENAME TO audit_log_before_by_actor_and_kind;

CREATE TABLE audit_log (
    audit_id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    event text NOT NULL CONSTRAINT audit_log_event_check CHECK (event IN (
        'registered', 'logged_in', 'login_failed', 'session_renewed', 'session_reused', 'session_revoked',
        'password_changed', 'user_deleted', 'role_changed'
    )),
    -- The ids of the acting user and of the affected one. No foreign keys: the log outlives the accounts.
    actor uuid,
    subject uuid,
    ip text NOT NULL,
    request_id text NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (at, audit_id)
) PARTITION BY RANGE (at);

SELECT setval(pg_get_serial_sequence('audit_log', 'audit_id'), GREATEST(max(audit_id), 0) + 1, false)
FROM audit_log_before;

-- One index for each combination of filters; the primary key serves pages without a filter.
CREATE INDEX audit_log_by_kind ON audit_log (event, at, audit_id);
CREATE INDEX audit_log_by_subject ON audit_log (subject, at, audit_id);
CREATE INDEX audit_log_by_subject_and_kind ON audit_log (subject, event, at, audit_id);
CREATE INDEX audit_log_by_actor ON audit_log (actor, at, audit_id);
CREATE INDEX audit_log_by_actor_and_kind ON audit_log (actor, event, at, audit_id);

CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

-- The retention of the log, in days after the end of a month; 0: unlimited. It belongs to the owner of the schema, who
-- sets it when migrating: the service's own role cannot shorten it.
CREATE TABLE audit_log_retention (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    days integer NOT NULL CHECK (days >= 0)
);
INSERT INTO audit_log_retention (days) VALUES (400);

-- The partitions with bounds, which are whole months; the default partition has none.
CREATE FUNCTION audit_log_partitions() RETURNS TABLE (name text, since timestamptz, until timestamptz)
LANGUAGE sql STABLE SET TimeZone = 'UTC' AS $$
    SELECT child.relname::text,
           COALESCE(substring(bounds FROM 'FROM \(''([^'']+)''\)')::timestamptz, '-infinity'),
           substring(bounds FROM 'TO \(''([^'']+)''\)')::timestamptz
    FROM pg_inherits
    JOIN pg_class AS child ON child.oid = inhrelid,
    LATERAL pg_get_expr(child.relpartbound, child.oid) AS bounds
    WHERE inhparent = 'audit_log'::regclass AND bounds <> 'DEFAULT'
$$;

-- A trigger on the log does not apply to a statement that names a partition, so each partition has its own.
CREATE FUNCTION add_audit_log_partition(name text, bounds text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I PARTITION OF audit_log %s', name, bounds);
    EXECUTE format('CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
        'FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only()', name);
END
$$;

-- Adds the month that begins then. Events of it that were written before are in the default partition, and are moved.
CREATE FUNCTION add_audit_log_month(month timestamptz) RETURNS void LANGUAGE plpgsql SET TimeZone = 'UTC' AS $$
DECLARE
    until timestamptz := month + interval '1 month';
    has_strays boolean := EXISTS (SELECT FROM audit_log_default WHERE at >= month AND at < until);
BEGIN
    IF has_strays THEN
        ALTER TABLE audit_log DETACH PARTITION audit_log_default;
        ALTER TABLE audit_log_default RENAME TO audit_log_strays;
        ALTER INDEX audit_log_default_pkey RENAME TO audit_log_strays_pkey;
    END IF;
    PERFORM add_audit_log_partition(
        to_char(month, '"audit_log_"YYYY_MM'), format('FOR VALUES FROM (%L) TO (%L)', month, until)
    );
    IF has_strays THEN
        PERFORM add_audit_log_partition('audit_log_default', 'DEFAULT');
        INSERT INTO audit_log OVERRIDING SYSTEM VALUE SELECT * FROM audit_log_strays;
        DROP TABLE audit_log_strays;
    END IF;
END
$$;

-- Adds the missing ones of a month and the three after it. created: how many; strays: how many events are in the default
-- partition. Returns NULLs while another process does it.
CREATE FUNCTION extend_audit_log_at(moment timestamptz, OUT created integer, OUT strays bigint)
LANGUAGE plpgsql SET TimeZone = 'UTC' SET lock_timeout = '1s' AS $$
DECLARE
    month timestamptz;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('audit_log')) THEN
        RETURN;
    END IF;
    created := 0;
    FOR ahead IN 0..3 LOOP
        month := date_trunc('month', moment) + ahead * interval '1 month';
        IF NOT EXISTS (SELECT FROM audit_log_partitions() AS p WHERE p.since <= month AND month < p.until) THEN
            PERFORM add_audit_log_month(month);
            created := created + 1;
        END IF;
    END LOOP;
    SELECT count(*) INTO strays FROM audit_log_default;
END
$$;

-- Drops the months that ended more than the retention ago; returns how many. The newest event must be that much later,
-- too: so a clock of the server that is far ahead drops nothing.
CREATE FUNCTION shorten_audit_log_at(moment timestamptz) RETURNS integer
LANGUAGE plpgsql SET TimeZone = 'UTC' SET lock_timeout = '1s' AS $$
DECLARE
    kept interval := (SELECT make_interval(days => days) FROM audit_log_retention WHERE days > 0);
    outdated timestamptz := LEAST(moment, (SELECT max(at) FROM audit_log)) - kept;
    month text;
    dropped integer := 0;
BEGIN
    IF outdated IS NULL OR NOT pg_try_advisory_xact_lock(hashtext('audit_log')) THEN
        RETURN 0;
    END IF;
    FOR month IN SELECT p.name FROM audit_log_partitions() AS p WHERE p.until <= outdated ORDER BY p.until LOOP
        EXECUTE format('DROP TABLE %I', month);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;

-- Callable by the service's own role, which can choose neither the time nor the retention: they are not arguments.
CREATE FUNCTION extend_audit_log(OUT created integer, OUT strays bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS 'SELECT * FROM extend_audit_log_at(now())';
CREATE FUNCTION shorten_audit_log() RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS 'SELECT shorten_audit_log_at(now())';

SELECT add_audit_log_partition('audit_log_default', 'DEFAULT');

-- Existing rows stay in their table, as a partition for the time until the end of the newest one's month.
DO $$
DECLARE
    until timestamptz;
BEGIN
    IF NOT EXISTS (SELECT FROM audit_log_before) THEN
        DROP TABLE audit_log_before;
        RETURN;
    END IF;
    SET LOCAL TimeZone = 'UTC';
    SELECT date_trunc('month', GREATEST(max(at), now())) + interval '1 month' INTO until FROM audit_log_before;
    EXECUTE format('ALTER TABLE audit_log ATTACH PARTITION audit_log_before FOR VALUES FROM (MINVALUE) TO (%L)', until);
END
$$;

SELECT extend_audit_log();

-- migrate:down
CREATE TABLE audit_log_whole (LIKE audit_log INCLUDING CONSTRAINTS);
INSERT INTO audit_log_whole SELECT * FROM audit_log;
DROP FUNCTION extend_audit_log, shorten_audit_log, extend_audit_log_at, shorten_audit_log_at, add_audit_log_month,
    add_audit_log_partition, audit_log_partitions;
DROP TABLE audit_log_retention;
DROP TABLE audit_log;
ALTER TABLE audit_log_whole RENAME TO audit_log;
ALTER TABLE audit_log ADD CONSTRAINT audit_log_pkey PRIMARY KEY (audit_id);
ALTER TABLE audit_log ALTER COLUMN audit_id ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(pg_get_serial_sequence('audit_log', 'audit_id'), GREATEST(max(audit_id), 0) + 1, false) FROM audit_log;
CREATE INDEX audit_log_by_time ON audit_log (at, audit_id);
CREATE INDEX audit_log_by_kind ON audit_log (event, at, audit_id);
CREATE INDEX audit_log_by_subject ON audit_log (subject, at, audit_id);
CREATE INDEX audit_log_by_subject_and_kind ON audit_log (subject, event, at, audit_id);
CREATE INDEX audit_log_by_actor ON audit_log (actor, at, audit_id);
CREATE INDEX audit_log_by_actor_and_kind ON audit_log (actor, event, at, audit_id);
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();
