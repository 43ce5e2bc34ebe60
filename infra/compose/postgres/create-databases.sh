#!/bin/sh
# Run once by the postgres image, on an empty volume. Creates for each service a database, a role that owns and migrates
# it, and a role that may connect and has the privileges that the migrations grant.
set -eu

for service in user_svc order_svc; do
  name=$(echo "$service" | tr _ -)
  # \getenv and :'…' quote the passwords correctly, whichever characters they contain; the shell would not.
  SERVICE=$service OWNER=${service}_migration \
    PASSWORD=$(cat "/run/secrets/$name-database-password") \
    OWNER_PASSWORD=$(cat "/run/secrets/$name-migration-database-password") \
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv service SERVICE
\getenv password PASSWORD
\getenv owner OWNER
\getenv owner_password OWNER_PASSWORD
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password';
CREATE DATABASE :"service" OWNER :"owner";
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"service" TO :"service";
SQL
done
