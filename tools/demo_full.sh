# shellcheck shell=bash disable=SC2154  # $root and $build come from ./dev, the rest from tools/demo.sh
# The demo of the whole way: HTTP, semel serve, Kafka, semel dedup with Redis, Kafka, semel sink, PostgreSQL. Sourced by ./dev.

readonly full_events=6000  # and a third of them once more
readonly full_batch=100    # lines in one request
readonly full_keys=(--key json:/userId --key json:/content_id --key json:/event_name --key json:/event_datetime --key json:/sid)

start_serve() {
  # Its own memory would answer most of the copies; here semel dedup is to see them.
  "$semel" serve --brokers "$brokers_list" --listen "127.0.0.1:${demo_port[http]}" --to views --view-event-to views "${full_keys[@]}" \
    --edge-memory 0 --metrics "127.0.0.1:${demo_port[serve]}" >>"$demo_dir/serve.log" 2>&1 &
  demo_pid[serve]=$!
}

start_dedup() {
  "$semel" dedup --brokers "$brokers_list" --from views --to views.unique "${full_keys[@]}" --seen "redis://127.0.0.1:${demo_port[redis]}" \
    --create-topics --instance one --metrics "127.0.0.1:${demo_port[dedup]}" >>"$demo_dir/dedup.log" 2>&1 &
  demo_pid[dedup]=$!
}

start_sink() {
  "$semel" sink postgres --brokers "$brokers_list" --from views.unique --to "$(database)" --table views --create-table \
    "${full_keys[@]}" --instance one --metrics "127.0.0.1:${demo_port[sink]}" >>"$demo_dir/sink.log" 2>&1 &
  demo_pid[sink]=$!
}

start_redis() {
  redis-server --port "${demo_port[redis]}" --bind 127.0.0.1 --dir "$demo_dir" --save '' --appendonly yes --appendfsync always \
    >"$demo_dir/redis.log" 2>&1 &
  demo_pid[redis]=$!
  await_answer redis redis-cli -p "${demo_port[redis]}" ping
}

# Debian keeps the server out of PATH, and PostgreSQL refuses to be run by root.
start_postgres() {
  local found bin as_user=() data=$demo_dir/postgres
  found=$(find /usr/lib/postgresql/*/bin -name initdb 2>/dev/null | sort -V | tail -n 1)
  bin=$(dirname "${found:-$(command -v initdb)}")
  mkdir "$data"
  if ((EUID == 0)); then
    chown postgres "$data"
    as_user=(setpriv --reuid postgres --regid postgres --clear-groups)
  fi
  (cd "$data" && "${as_user[@]}" "$bin/initdb" -D "$data" -A trust -U postgres --no-locale -E UTF8) >"$demo_dir/postgres.log" 2>&1 ||
    fail "PostgreSQL could not be prepared; see $demo_dir/postgres.log"
  (
    cd "$data" || exit
    exec "${as_user[@]}" "$bin/postgres" -D "$data" -p "${demo_port[postgres]}" -c listen_addresses=127.0.0.1 -c unix_socket_directories=
  ) >>"$demo_dir/postgres.log" 2>&1 7>&- &
  demo_pid[postgres]=$!
  await_answer postgres sql 'SELECT 1'
}

database() { echo "postgresql://postgres@127.0.0.1:${demo_port[postgres]}/postgres"; }
sql() { psql -XAtq -F ' ' -d "$(database)" -c "$1" 2>/dev/null; }

# await_answer NAME COMMAND
await_answer() {
  local end=$((SECONDS + 60))
  until "${@:2}" >/dev/null 2>&1; do
    check_worker "$1"
    ((SECONDS < end)) || fail "$1 does not answer after 60 s; see $demo_dir/$1.log"
    sleep 0.2
  done
}

kill_part() {
  event "kill -9 semel $1"
  kill -KILL "${demo_pid[$1]}"
  { wait "${demo_pid[$1]}" || true; } 2>/dev/null
}

# batch N: the lines of that request.
batch() {
  awk -v first=$(($1 * full_batch)) -v count="$full_batch" 'BEGIN {
    for (i = first; i < first + count; ++i)
      printf "{\"userId\":%d,\"content_id\":%d,\"event_name\":\"watch\",\"event_datetime\":\"2024-01-01T00:%02d:%02dZ\",\"sid\":\"s-%d\"}\n",
        i % 500, i % 90, i / 60 % 60, i % 60, i }'
}

# post_batch N: until all of it is taken, as a client has to.
post_batch() {
  local status end=$((SECONDS + 60))
  until
    status=$(batch "$1" | curl -s -o "$demo_dir/answer" -w '%{http_code}' -H 'Content-Type: application/x-ndjson' --data-binary @- \
      "http://127.0.0.1:${demo_port[http]}/v1/events" || true)
    [[ $status == 200 ]]
  do
    ((SECONDS < end)) || fail "batch $1 was not taken: $status; see $demo_dir/answer and $demo_dir/serve.log"
    sleep 1  # what Retry-After asks for
  done
  ((full_posted += full_batch))
}

show_full() {
  printf '  %3d s  %8d %8d\n' $((SECONDS - demo_began)) "$full_posted" "$(sql 'SELECT count(*) FROM views' || echo 0)"
}

full_demo() {
  require full_demo
  prepare_demo
  "$semel" topic create --brokers "$brokers_list" --partitions 3 views
  echo "  $brokers_list, topic views with 3 partitions"
  local ports name names=(http serve dedup sink redis postgres)
  mapfile -t ports < <(free_ports ${#names[@]})
  for name in "${names[@]}"; do
    # shellcheck disable=SC2004  # a name, not a sum
    demo_port[$name]=${ports[0]}
    ports=("${ports[@]:1}")
  done

  title 'Redis, PostgreSQL, and three processes of Semel'
  start_redis
  start_postgres
  start_serve
  start_dedup
  await_ready serve
  await_ready dedup  # it makes the topic that the sink reads
  start_sink
  await_ready sink
  echo "  POST http://127.0.0.1:${demo_port[http]}/v1/events -> semel serve -> views -> semel dedup -> views.unique -> semel sink -> table views"
  echo "  semel dedup in a browser, while this runs: http://127.0.0.1:${demo_port[dedup]}/"

  full_story
  full_verdict
}

full_story() {
  title "Posting $full_events events by curl, $full_batch lines a request, every third request twice"
  printf '         %8s %8s\n' posted 'in table'
  full_posted=0
  demo_began=$SECONDS
  local n last=$((full_events / full_batch - 1))
  for ((n = 0; n <= last; ++n)); do
    post_batch "$n"
    if ((n % 3 == 0)); then post_batch "$n"; fi
    case $n in
      15) kill_part dedup ;;
      25) event 'semel dedup is back' && start_dedup ;;
      35) kill_part sink ;;
      45) event 'semel sink is back' && start_sink ;;
    esac
    if ((n % 5 == 4)); then show_full; fi
    sleep 0.3  # to be watched
  done
}

full_verdict() {
  title 'When everything is through'
  local end=$((SECONDS + demo_patience)) rows=0 distinct=0
  until [[ $rows -ge $full_events && $(lag dedup) == 0 && $(lag sink) == 0 ]]; do
    ((SECONDS < end)) || fail "$rows rows after $demo_patience s; see the logs in $demo_dir"
    check_worker dedup
    check_worker sink
    sleep 0.5
    rows=$(sql 'SELECT count(*) FROM views' || echo 0)
  done
  for name in serve dedup sink; do kill -TERM "${demo_pid[$name]}"; done
  for name in serve dedup sink; do wait "${demo_pid[$name]}" || fail "semel $name ended with an error; see $demo_dir/$name.log"; done
  read -r rows distinct < <(sql "SELECT count(*), count(DISTINCT event->>'sid') FROM views")
  printf '  %-22s %6d\n' posted "$full_posted" 'different events' "$full_events" 'rows in the table' "$rows" \
    'duplicates in it' $((rows - distinct)) 'lost' $((full_events - distinct))
  ((rows == full_events && distinct == full_events)) ||
    fail "this must not be: please report it with the logs in $demo_dir"
  cat <<-END

	  How it is put together   docs/serve.md, docs/redis.md, docs/sink_postgres.md
	  What each crash costs    docs/durability.md
	  What happened here       ${demo_dir#"$root"/}/{serve,dedup,sink,redis,postgres}.log
	END
}

# lag NAME: of all three partitions, else nothing.
lag() {
  get "${demo_port[$1]}" /metrics | tr -d '\r' | awk '/^semel_lag\{/ { lag += $NF; ++partitions } END { if (partitions == 3) print lag }'
}
