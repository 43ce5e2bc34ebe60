-- migrate:up
CREATE TABLE audit_log (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    event text NOT NULL CHECK (event IN (
        'registered', 'logged_in', 'login_failed', 'session_renewed', 'session_reused', 'session_revoked',
        'password_changed', 'user_deleted', 'role_changed'
    )),
    -- The ids of the acting user and of the affected one. No foreign keys: the log outlives the accounts.
    actor uuid,
    subject uuid,
    ip text NOT NULL,
    request_id text NOT NULL,
    detail jsonb NOT NULL
);

CREATE INDEX audit_log_subject_at ON audit_log (subject, at);
CREATE INDEX audit_log_at ON audit_log (at);

-- Append-only, also for the service's own role.
CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is append-only';
END
$$;

CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

-- migrate:down
DROP TABLE audit_log;
DROP FUNCTION audit_log_is_append_only();
