-- The rights of the service's role, applied after the migrations each time. The service cannot use a table that is not
-- named here. In psql: --set=service=ROLE.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM :"service";
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM :"service";
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"service";

GRANT SELECT, INSERT, UPDATE, DELETE ON users TO :"service";
-- Append-only, in addition to the trigger, which only the table's owner can disable.
GRANT SELECT, INSERT ON audit_log TO :"service";
GRANT SELECT, INSERT, UPDATE (position), DELETE ON outbox TO :"service";
GRANT SELECT, INSERT, DELETE ON ended_sessions TO :"service";
-- The applied migrations: without those that it was built for, the service is not ready.
GRANT SELECT ON schema_migrations TO :"service";
