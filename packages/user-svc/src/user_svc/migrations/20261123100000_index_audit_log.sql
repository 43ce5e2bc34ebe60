-- migrate:up
-- One index for each combination of filters: the filtered columns, then the order of the pages.
CREATE INDEX audit_log_by_time ON audit_log (at, audit_id);
CREATE INDEX audit_log_by_kind ON audit_log (event, at, audit_id);
CREATE INDEX audit_log_by_subject ON audit_log (subject, at, audit_id);
CREATE INDEX audit_log_by_subject_and_kind ON audit_log (subject, event, at, audit_id);
CREATE INDEX audit_log_by_actor ON audit_log (actor, at, audit_id);
CREATE INDEX audit_log_by_actor_and_kind ON audit_log (actor, event, at, audit_id);

DROP INDEX audit_log_subject_at;
DROP INDEX audit_log_at;

-- migrate:down
CREATE INDEX audit_log_subject_at ON audit_log (subject, at);
CREATE INDEX audit_log_at ON audit_log (at);

DROP INDEX audit_log_by_time;
DROP INDEX audit_log_by_kind;
DROP INDEX audit_log_by_subject;
DROP INDEX audit_log_by_subject_and_kind;
DROP INDEX audit_log_by_actor;
DROP INDEX audit_log_by_actor_and_kind;
