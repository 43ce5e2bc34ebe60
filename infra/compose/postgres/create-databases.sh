#!/bin/sh
# Run once by the postgres image, on an empty volume: a role and a database for each service.
set -eu

for service in user_svc order_svc; do
  # \getenv and :'…' instead of the shell: whatever the password holds, it is quoted.
  PASSWORD=$(cat "/run/secrets/$(echo "$service" | tr _ -)-database-password") SERVICE=$service \
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv service SERVICE
\getenv password PASSWORD
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
done
