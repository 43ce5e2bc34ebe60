-- migrate:up
CREATE TABLE users (
    user_id uuid PRIMARY KEY,
    email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    name text NOT NULL CHECK (length(name) BETWEEN 2 AND 50),
    role text NOT NULL CHECK (role IN ('user', 'admin')),
    password_hash text NOT NULL,
    -- Counts the changes of the password and of the role, from 1. Sessions have the version that they were opened under.
    password_version integer NOT NULL CHECK (password_version >= 1),
    created_at timestamptz NOT NULL
);

-- Emails are stored as given, and compared without regard to case.
CREATE UNIQUE INDEX users_email_key ON users (lower(email));

-- migrate:down
DROP TABLE users;
