-- migrate:up
-- Users who are gone for good. Their tokens may outlive them, but no order is placed with one any more.
CREATE TABLE deleted_users (
  user_id    uuid        PRIMARY KEY,
  deleted_at timestamptz NOT NULL
);

-- The first argument of the advisory locks is theirs alone. Each statement of the function sees what was committed
-- before it began, so the look comes after whatever the lock had to wait for.
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

-- Once this has returned, no order of the user can be added, and every order that was being added can be seen.
CREATE PROCEDURE bury_user(gone uuid, at timestamptz) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(1, hashtext(gone::text));
  INSERT INTO deleted_users VALUES (gone, at) ON CONFLICT DO NOTHING;
END
$$;

-- Events that have had their effect: whichever comes again has none.
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
