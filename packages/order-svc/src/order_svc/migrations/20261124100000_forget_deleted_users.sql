-- migrate:up
-- Deleted users. Their access tokens may still be valid, but no order is created with them.
CREATE TABLE deleted_users (
  user_id    uuid        PRIMARY KEY,
  deleted_at timestamptz NOT NULL
);

-- The first argument (1) is the namespace of these advisory locks. Each statement of the function sees what was committed
-- before the statement began, so the SELECT sees the result of the transaction that the lock waited for.
CREATE FUNCTION refuse_orders_of_deleted_users() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(1, hashtext(NEW.user_id::text));
  IF EXISTS (SELECT FROM deleted_users WHERE user_id = NEW.user_id) THEN
    RAISE EXCEPTION 'the user is deleted' USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_have_living_owners';
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER orders_have_living_owners BEFORE INSERT ON orders
  FOR EACH ROW EXECUTE FUNCTION refuse_orders_of_deleted_users();

-- When this returns, no order of the user can be added, and orders that were being added are visible.
CREATE PROCEDURE bury_user(gone uuid, at timestamptz) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(1, hashtext(gone::text));
  INSERT INTO deleted_users VALUES (gone, at) ON CONFLICT DO NOTHING;
END
$$;

-- Processed events: a redelivered event that is listed here is not processed again.
CREATE TABLE processed_events (
  event_id     uuid        PRIMARY KEY,
  processed_at timestamptz NOT NULL DEFAULT now()
);

-- migrate:down
DROP TABLE processed_events;
DROP PROCEDURE bury_user;
DROP TRIGGER orders_have_living_owners ON orders;
DROP FUNCTION refuse_orders_of_deleted_users();
DROP TABLE deleted_users;
