-- The privileges of the service's role, applied after each migration. The service cannot use tables that are not named
-- here. In psql: --set=service=ROLE.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM :"service";
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM :"service";
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"service";

GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO :"service";
-- Append-only, in addition to the trigger, which only the owner of the table can disable.
GRANT SELECT, INSERT ON order_events TO :"service";
-- FOR UPDATE SKIP LOCKED, which lets replicas share the sweeps, requires UPDATE on a column; nothing is updated.
GRANT SELECT, INSERT, UPDATE (created_at), DELETE ON idempotency_keys TO :"service";
GRANT SELECT, INSERT, UPDATE (deleted_at), DELETE ON deleted_users TO :"service";
GRANT SELECT, INSERT, UPDATE (processed_at), DELETE ON processed_events TO :"service";
-- The service is not ready until the migrations that it was built for are applied.
GRANT SELECT ON schema_migrations TO :"service";
