# shellcheck shell=bash disable=SC2154  # $root and $build come from ./dev
# A Kafka cluster of three combined brokers and controllers on this machine. Sourced by ./dev.
#
#   $cluster/broker-N/{server.properties,data,pid,server.log}    $cluster/{cluster-id,bootstrap}
#
# SEMEL_CLUSTER_DIR names another directory, and so another cluster beside the first.

cluster=${SEMEL_CLUSTER_DIR:-build/cluster}
[[ $cluster == /* ]] || cluster=$root/$cluster
readonly cluster
readonly jars=$build/kafka/jars
readonly brokers=(1 2 3)
readonly start_deadline=120  # seconds; about 10 on a quiet machine
readonly stop_deadline=60

fetch_kafka() {
  local pom=$root/tools/kafka/pom.xml
  cmp -s "$pom" "$jars/pom.xml" && return
  say 'fetching Apache Kafka from Maven Central'
  rm -rf "$jars" "$jars.part"
  mkdir -p "$jars.part"
  mvn -B -q -f "$pom" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$jars.part" \
    >"$build/kafka/mvn.log" 2>&1 || fail "Maven could not fetch Kafka; see $build/kafka/mvn.log"
  cp "$pom" "$jars.part"
  mv "$jars.part" "$jars"
}

kafka_java() { java -cp "$jars/*" -Dlog4j2.configurationFile="$root/tools/kafka/log4j2.xml" "$@"; }

# free_ports COUNT: below the range that the kernel hands out to clients, so that a port stays ours while its broker is down.
free_ports() {
  local -A taken=()
  local port
  while ((${#taken[@]} < $1)); do
    port=$((RANDOM % 12000 + 20000))
    [[ -z ${taken[$port]-} ]] || continue
    if ! (: </dev/tcp/127.0.0.1/"$port") 2>/dev/null; then
      taken[$port]=1
      echo "$port"
    fi
  done
}

# configure_cluster: new ports, a new cluster id, empty data.
configure_cluster() {
  local ports n voters='' formats=()
  remove_data
  mapfile -t ports < <(free_ports 6)
  for n in "${brokers[@]}"; do voters+=${voters:+,}$n@127.0.0.1:${ports[n + 2]}; done

  # What Kafka accepts as a cluster id is 16 bytes in base64 without padding.
  local id
  id=$(head -c 16 /dev/urandom | base64 | tr '+/' 'xy' | tr -d '=')
  for n in "${brokers[@]}"; do
    mkdir -p "$cluster/broker-$n"
    cat >"$cluster/broker-$n/server.properties" <<-END
		process.roles=broker,controller
		node.id=$n
		listeners=PLAINTEXT://127.0.0.1:${ports[n - 1]},CONTROLLER://127.0.0.1:${ports[n + 2]}
		advertised.listeners=PLAINTEXT://127.0.0.1:${ports[n - 1]}
		listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
		controller.listener.names=CONTROLLER
		controller.quorum.voters=$voters
		log.dirs=$cluster/broker-$n/data

		auto.create.topics.enable=false
		default.replication.factor=3
		min.insync.replicas=2
		unclean.leader.election.enable=false
		offsets.topic.replication.factor=3
		offsets.topic.num.partitions=8
		transaction.state.log.replication.factor=3
		transaction.state.log.min.isr=2
		transaction.state.log.num.partitions=8
		group.initial.rebalance.delay.ms=0
	END
    kafka_java kafka.tools.StorageTool format -t "$id" -c "$cluster/broker-$n/server.properties" \
      >"$cluster/broker-$n/format.log" 2>&1 &
    formats+=($!)
  done
  for n in "${brokers[@]}"; do
    wait "${formats[n - 1]}" || fail "formatting the storage failed; see $cluster/broker-$n/format.log"
  done
  for n in "${brokers[@]}"; do echo "127.0.0.1:${ports[n - 1]}"; done | paste -sd, >"$cluster/listeners"
  echo "$id" >"$cluster/cluster-id"  # last: says that all of the above is there
}

remove_data() {
  # Only what is ours: the directory was named by the user.
  rm -rf "$cluster"/broker-[123] "$cluster"/{cluster-id,listeners,bootstrap}
}

# broker_pid N: prints the process id; fails when that broker does not run. Ids are reused, hence the look at its arguments.
broker_pid() {
  local pid
  pid=$(cat "$cluster/broker-$1/pid" 2>/dev/null) || return 1
  [[ $(ps -ww -o args= -p "$pid") == *" $cluster/broker-$1/server.properties" ]] && echo "$pid"
}

start_broker() {
  local home=$cluster/broker-$1
  if broker_pid "$1" >/dev/null; then return; fi
  echo '=== start' >>"$home/server.log"
  # A session of its own: Ctrl-C is not for the brokers. Descriptor 9 is our lock, which must not outlive us.
  setsid java -cp "$jars/*" -Dlog4j2.configurationFile="$root/tools/kafka/log4j2.xml" \
    -Xms512m -Xmx512m -XX:+UseSerialGC kafka.Kafka "$home/server.properties" \
    </dev/null >>"$home/server.log" 2>&1 9>&- &
  echo $! >"$home/pid"
}

# Ready means unfenced: serving, known to the controller, and with its log recovered.
is_ready() {
  awk '/^=== start$/ { ready = 0 } /Kafka Server started/ { ready = 1 } END { exit !ready }' "$cluster/broker-$1/server.log"
}

await_broker() {
  local end=$((SECONDS + start_deadline))
  until is_ready "$1"; do
    broker_pid "$1" >/dev/null || fail "broker $1 stopped while starting; see $cluster/broker-$1/server.log"
    ((SECONDS < end)) || fail "broker $1 not ready after $start_deadline s; see $cluster/broker-$1/server.log"
    sleep 0.2
  done
}

await_gone() {
  local end=$((SECONDS + $2))
  while broker_pid "$1" >/dev/null; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

lock_cluster() {
  mkdir -p "$cluster"
  exec 9>"$cluster/lock"
  flock 9
}

cluster_up() {
  require kafka
  mkdir -p "$build/kafka"
  lock_cluster
  (flock 8; fetch_kafka) 8>"$build/kafka/lock"
  local n
  if [[ ! -e $cluster/cluster-id ]]; then
    say "preparing a cluster in ${cluster#"$root"/}"
    configure_cluster
  fi
  for n in "${brokers[@]}"; do start_broker "$n"; done
  for n in "${brokers[@]}"; do await_broker "$n"; done
  cp "$cluster/listeners" "$cluster/bootstrap"
  cat "$cluster/bootstrap"
}

cluster_down() {
  [[ -d $cluster ]] || return 0
  lock_cluster
  local n pid
  # Not gracefully: the data goes as well, and the last two brokers could not hand over to anybody.
  for n in "${brokers[@]}"; do
    if pid=$(broker_pid "$n"); then kill -KILL "$pid"; fi
  done
  for n in "${brokers[@]}"; do await_gone "$n" 10 || fail "broker $n does not end"; done
  remove_data
  rm -f "$cluster/lock"
  rmdir "$cluster" 2>/dev/null || true  # somebody else's files may be in it
}

# cluster_broker kill|stop|start|pause|resume|pid N
cluster_broker() {
  local action=${1-} n=${2-} pid
  [[ $n == [123] ]] || fail 'usage: ./dev broker kill|stop|start|pause|resume|pid 1|2|3'
  [[ -e $cluster/cluster-id ]] || fail "no cluster in $cluster; ./dev up starts it"
  if [[ $action == start ]]; then
    lock_cluster
    start_broker "$n"
    await_broker "$n"
    return
  fi
  pid=$(broker_pid "$n") || fail "broker $n does not run"
  case $action in
    kill)
      kill -KILL "$pid"
      await_gone "$n" 10 || fail "broker $n does not end"
      ;;
    stop)
      kill -TERM "$pid"
      await_gone "$n" "$stop_deadline" || fail "broker $n still runs after $stop_deadline s; see $cluster/broker-$n/server.log"
      ;;
    pause) kill -STOP "$pid" ;;
    resume) kill -CONT "$pid" ;;
    pid) echo "$pid" ;;
    *) fail "unknown action: broker $action" ;;
  esac
}

# cluster_tool CLASS [ARGS]: one of Kafka's own command-line classes, for what librdkafka cannot do.
cluster_tool() {
  [[ -e $cluster/bootstrap ]] || fail "no cluster in $cluster; ./dev up starts it"
  local class=$1
  [[ $class == kafka.* ]] || class=org.apache.kafka.tools.$class
  kafka_java "$class" --bootstrap-server "$(<"$cluster/bootstrap")" "${@:2}"
}
