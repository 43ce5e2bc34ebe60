-- migrate:up
-- One index for each combination of filters: the filtered columns, then the order of the pages. The second one also finds
-- administrators without a scan of all users.
CREATE INDEX users_by_time ON users (created_at, user_id);
CREATE INDEX users_by_role ON users (role, created_at, user_id);

-- migrate:down
DROP INDEX users_by_time;
DROP INDEX users_by_role;
