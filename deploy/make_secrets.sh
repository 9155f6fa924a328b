#!/usr/bin/env bash
# Makes the secrets of deploy/compose.yaml, once: random, into deploy/secrets/. What is there is kept.
# The files can be read by everybody, because each container has a user of its own; the directory keeps others out.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
mkdir -p -m 700 secrets
cd secrets
if [[ -e pg_service.conf ]]; then
  echo "make_secrets: deploy/secrets/ is there already; nothing changed" >&2
  exit 0
fi

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
sha256() { printf %s "$1" | sha256sum | cut -d' ' -f1; }

umask 022
redis=$(random)
api_key=$(random)
random >postgres_password
echo "$redis" >redis_password
echo "user default off
user semel on #$(sha256 "$redis") ~semel:* +get +mget +set +del +exists +evalsha +script|load +info +select" >redis_users.acl
echo "client $(sha256 "$api_key")" >api_keys
echo "$api_key" >api_key  # for clients; no container gets it
echo "[semel]
host=postgres
dbname=events
user=semel
password=$(random)" >pg_service.conf
echo "make_secrets: made deploy/secrets/; the key for clients is in deploy/secrets/api_key" >&2
