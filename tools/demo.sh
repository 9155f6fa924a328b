# shellcheck shell=bash disable=SC2154  # $root and $build come from ./dev
# The demo: a stream with copies, two processes that remove them, and things that get killed meanwhile. Sourced by ./dev.

readonly demo_dir=$build/demo
readonly demo_seconds=60   # of sending
readonly demo_rate=1000    # records a second
readonly demo_patience=60  # seconds to catch up at the end
declare -A demo_port demo_pid demo_read demo_unique demo_duplicates demo_before
declare -A demo_lag demo_restoring

# paint CODE TEXT: in colour where somebody looks.
paint() { if [[ -t 1 ]]; then printf '\033[%sm%s\033[0m\n' "$1" "$2"; else printf '%s\n' "$2"; fi; }
title() {
  echo
  paint 1 "$*"
}
event() { paint 33 "$(printf '  %3d s  >>> %s' $((SECONDS - demo_began)) "$*")"; }

# start_worker NAME
start_worker() {
  "$semel" dedup --brokers "$brokers_list" --from views --to views.unique --key json:/event_id \
    --create-topics --instance "$1" --metrics "127.0.0.1:${demo_port[$1]}" >>"$demo_dir/$1.log" 2>&1 &
  demo_pid[$1]=$!
}

# kill_worker NAME: the counters of a process go with it, so what it showed last is kept.
kill_worker() {
  local kind
  for kind in read unique duplicates; do
    local -n counter=demo_$kind
    demo_before[$1.$kind]=$((${demo_before[$1.$kind]-0} + ${counter[$1]-0}))
    counter[$1]=0
  done
  kill -KILL "${demo_pid[$1]}"
  { wait "${demo_pid[$1]}" || true; } 2>/dev/null
}

# get PORT PATH: status line, headers and body; nothing while nobody listens.
get() {
  # shellcheck disable=SC2016  # the inner shell expands them
  timeout 2 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" || exit
    printf "GET %s HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n" "$2" >&3; cat <&3' _ "$1" "$2" 2>/dev/null || true
}

# look NAME: reads the metrics of that process. A process that does not answer shows what it showed last.
look() {
  local values
  values=$(get "${demo_port[$1]}" /metrics | tr -d '\r' | awk '
    /^semel_records_read_total\{/                          { read += $NF }
    /^semel_records_total\{.*outcome="unique"/             { unique += $NF }
    /^semel_records_total\{.*outcome="duplicate"/          { duplicates += $NF }
    /^semel_lag\{/                                         { lag += $NF; ++partitions }
    /^semel_restoring\{/                                   { restoring += $NF }
    /^semel_build_info/                                    { there = 1 }
    END { if (there) printf "%d %d %d %d %d %d\n", read, unique, duplicates, lag, partitions, restoring }')
  demo_lag[$1]=0
  demo_restoring[$1]=1
  local partitions=0
  if [[ -n $values ]]; then
    read -r "demo_read[$1]" "demo_unique[$1]" "demo_duplicates[$1]" "demo_lag[$1]" partitions "demo_restoring[$1]" <<<"$values"
  fi
  ((demo_partitions += partitions)) || true
}

show() {
  demo_partitions=0
  look a
  look b
  local sent read_a read_b unique duplicates
  sent=$(wc -l <"$demo_dir/views.truth" 2>/dev/null || echo 0)
  read_a=$((${demo_before[a.read]-0} + ${demo_read[a]-0}))
  read_b=$((${demo_before[b.read]-0} + ${demo_read[b]-0}))
  unique=$((${demo_before[a.unique]-0} + ${demo_before[b.unique]-0} + ${demo_unique[a]-0} + ${demo_unique[b]-0}))
  duplicates=$((${demo_before[a.duplicates]-0} + ${demo_before[b.duplicates]-0} + ${demo_duplicates[a]-0} + ${demo_duplicates[b]-0}))
  printf '  %3d s  %12d %10d %10d %10d %12d\n' $((SECONDS - demo_began)) "$sent" "$read_a" "$read_b" "$unique" "$duplicates"
}

# A process that ended by itself is no part of the story.
check_worker() {
  kill -0 "${demo_pid[$1]}" 2>/dev/null && return
  tail -n 5 "$demo_dir/$1.log" >&2
  fail "process $1 ended by itself; all of its log is in $demo_dir/$1.log"
}

await_ready() {
  local end=$((SECONDS + 60))
  until [[ $(get "${demo_port[$1]}" /readyz | head -n 1) == *' 200 '* ]]; do
    check_worker "$1"
    ((SECONDS < end)) || fail "process $1 is not ready after 60 s; see $demo_dir/$1.log"
    sleep 0.2
  done
}

end_demo() {
  local pid
  # PostgreSQL's other processes end with it, if it is asked.
  if [[ -n ${demo_pid[postgres]-} ]]; then kill -QUIT "${demo_pid[postgres]}" 2>/dev/null && { wait "${demo_pid[postgres]}" || true; }; fi
  for pid in "${demo_pid[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  { wait "${demo_pid[@]}" || true; } 2>/dev/null
  if [[ -n ${broker_start-} ]]; then wait "$broker_start" || true; fi
  rm -rf "$demo_dir"/{postgres,appendonlydir}
  "$root/dev" down
}

# prepare_demo: the binary, a directory, and a Kafka; put away by end_demo.
prepare_demo() {
  require kafka
  semel=${SEMEL_BIN-}  # of another build, as for the tests
  if [[ -z $semel ]]; then
    build_release --target semel
    semel=$build/semel
  fi
  export SEMEL_CLUSTER_DIR=${SEMEL_CLUSTER_DIR:-build/demo-cluster}
  exec 7>"$build/demo.lock"
  flock -n 7 || fail 'another demo is running'
  rm -rf "$demo_dir"
  mkdir -p "$demo_dir"
  trap end_demo EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM

  title 'A Kafka of three brokers'
  "$root/dev" down 7>&-
  brokers_list=$("$root/dev" up 7>&-)
}

# demo [--full]
demo() {
  case ${1-} in
    '') ;;
    --full)
      full_demo
      return
      ;;
    *) fail 'usage: ./dev demo [--full]' ;;
  esac
  prepare_demo
  "$semel" topic create --brokers "$brokers_list" --partitions 4 views
  echo "  $brokers_list, topic views with 4 partitions"
  local ports
  mapfile -t ports < <(free_ports 2)
  demo_port[a]=${ports[0]}
  demo_port[b]=${ports[1]}

  title 'Two processes that remove duplicates'
  echo '  semel dedup --from views --to views.unique --key json:/event_id --create-topics --instance a (and b)'
  start_worker a
  await_ready a
  start_worker b
  await_ready b

  title "View events: JSON of 136 fields, $demo_rate a second, three in ten of them sent again"
  printf '         %12s %10s %10s %10s %12s\n' acknowledged 'read by a' 'read by b' unique duplicates
  "$semel" prove produce --brokers "$brokers_list" --to views --truth "$demo_dir/views.truth" --shape view-event \
    --events $((demo_seconds * demo_rate)) --rate "$demo_rate" --duplicates 0.3 --summary json >"$demo_dir/produce.log" 2>&1 &
  demo_pid[producer]=$!
  demo_began=$SECONDS
  tell_story

  title 'Catching up'
  catch_up
  local name
  for name in a b; do kill -TERM "${demo_pid[$name]}"; done
  for name in a b; do wait "${demo_pid[$name]}" || fail "process $name ended with an error; see $demo_dir/$name.log"; done
  verdict
}

# What happens when. The output of what is killed stays out of the picture; it is in the logs.
tell_story() {
  local step=0
  while kill -0 "${demo_pid[producer]}" 2>/dev/null; do
    sleep 1
    show
    case $step in
      0) at 10 && { event 'kill -9 process a'; kill_worker a; step=1; } ;;
      1) at 13 && { event 'process a is back'; start_worker a; step=2; } ;;
      2) at 23 && { event 'kill -9 broker 2'; "$root/dev" broker kill 2 7>&-; step=3; } ;;
      3) at 35 && {
        event 'broker 2 is back'
        "$root/dev" broker start 2 7>&- >"$demo_dir/broker.log" 2>&1 &
        broker_start=$!
        step=4
      } ;;
      4) at 48 && { event 'kill -9 process b'; kill_worker b; step=5; } ;;
      5) at 51 && { event 'process b is back'; start_worker b; step=6; } ;;
    esac || true
    [[ $step == 1 ]] || check_worker a
    [[ $step == 5 ]] || check_worker b
  done
  wait "${demo_pid[producer]}" || fail "the stream could not be written; see $demo_dir/produce.log"
  unset 'demo_pid[producer]'
  ((step == 6)) || fail 'the stream ended before the story did'
}

at() { ((SECONDS - demo_began >= $1)); }

# Until every partition is owned, restored and without lag, three times in a row.
catch_up() {
  local end=$((SECONDS + demo_patience)) quiet=0
  while ((quiet < 3)); do
    ((SECONDS < end)) || fail "not caught up after $demo_patience s; see $demo_dir/a.log and $demo_dir/b.log"
    sleep 1
    show
    check_worker a
    check_worker b
    if ((demo_partitions == 4 && demo_lag[a] + demo_lag[b] == 0 && demo_restoring[a] + demo_restoring[b] == 0)); then
      ((++quiet))
    else
      quiet=0
    fi
  done
  echo '  The counters of a killed process end with its last full second; the check below counts the topics themselves.'
}

verdict() {
  title 'Every record of input, output and changelog compared with what was sent'
  local check=("$semel" prove check --brokers "$brokers_list" --truth "$demo_dir/views.truth" --from views
    --to views.unique --key json:/event_id --group semel.views --changelog semel.views.seen)
  # The pipe fails when the check does: pipefail.
  if ! "${check[@]}" 2>&1 | tee "$demo_dir/check.log" | sed 's/^/  /'; then
    rm -rf "$build/demo-failed"
    cp -r "$demo_dir" "$build/demo-failed"
    fail "the check did not pass, which must not be: please report it with the logs in $build/demo-failed"
  fi
  title 'What next'
  cat <<-END
	  Your own cluster    README.md, "Two minutes on your own cluster"
	  Why it holds        ARCHITECTURE.md and docs/exactly_once.md
	  All the tests       ./dev test
	  What happened here  ${demo_dir#"$root"/}/{a,b,produce,check}.log
	END
}
