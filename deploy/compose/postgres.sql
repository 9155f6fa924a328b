-- Run by the image of PostgreSQL at its first start, by psql. The password is the one that the sink will use.
\set password `sed -n 's/^password=//p' /run/secrets/pg_service.conf`
CREATE ROLE semel LOGIN PASSWORD :'password';
CREATE DATABASE events OWNER semel;
