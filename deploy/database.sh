#!/bin/sh
# Runs once, when the database's volume is new: the web application gets a role of its own, which owns its one
# database and is nothing else. The superuser's password stays with the database.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set password="$HONEYGLASS_DATABASE_PASSWORD" \
    --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
CREATE ROLE honeyglass LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
CREATE DATABASE honeyglass OWNER honeyglass;
REVOKE ALL ON DATABASE honeyglass FROM PUBLIC;
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
SQL
