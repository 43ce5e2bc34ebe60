-- What the service's role may do, applied after the migrations each time. A table that is not named here is one that the
-- service cannot use. In psql: --set=service=ROLE.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM :"service";
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM :"service";
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"service";

GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO :"service";
-- Append only: besides the trigger, which only the table's owner can disable.
GRANT SELECT, INSERT ON order_events TO :"service";
-- FOR UPDATE, by which replicas share the sweeps, needs the right to update a column; nothing is updated.
GRANT SELECT, INSERT, UPDATE (created_at), DELETE ON idempotency_keys TO :"service";
GRANT SELECT, INSERT, UPDATE (deleted_at), DELETE ON deleted_users TO :"service";
GRANT SELECT, INSERT, UPDATE (processed_at), DELETE ON processed_events TO :"service";
-- Which migrations there are: without those that it was built for, the service is not ready.
GRANT SELECT ON schema_migrations TO :"service";
