# shellcheck shell=bash disable=SC2154  # $root and $build come from ./dev
# A Kafka cluster of three combined brokers and controllers on this machine. Sourced by ./dev.
#
#   $cluster/broker-N/{server.properties,data,pid,server.log}    $cluster/{cluster-id,bootstrap,proxied}
#
# Beside the address for everybody, each broker has some that it advertises with another port, where nobody listens until a
# test's proxy does: whoever comes through the proxy stays behind it. `proxied` has a line for each: the number of the proxy,
# the port where it is to listen, the port of the broker behind it.
#
# SEMEL_CLUSTER_DIR names another directory, and so another cluster beside the first.
# SEMEL_KAFKA=3.9 makes it one of Kafka 3.9.
# SEMEL_CLUSTER_OPTIMISED=1 lets the JVM compile the brokers' code as well as it can, for measurements. In brokers that are
# started again every few minutes that takes a third of their CPU time and gives back less.
# SEMEL_CLUSTER_SECURED=1 makes one broker that has, beside an open address for its administrator, one for everybody else
# with SASL_SSL and ACLs, and fetches a librdkafka that can do SCRAM with Kafka 4 (Debian 12's cannot):
#
#   $cluster/{secured,password,tls/{ca.pem,other-ca.pem}}    build/librdkafka/{librdkafka.so.1,wheel/}

cluster=${SEMEL_CLUSTER_DIR:-build/cluster}
[[ $cluster == /* ]] || cluster=$root/$cluster
readonly cluster
readonly kafka_version=${SEMEL_KAFKA-}  # a profile of tools/kafka/pom.xml; empty: the newest
readonly jars=$build/kafka/jars${kafka_version:+-$kafka_version}
readonly secured=${SEMEL_CLUSTER_SECURED-}
if [[ ${SEMEL_CLUSTER_OPTIMISED-} ]]; then compiler=(); else compiler=(-XX:TieredStopAtLevel=1); fi
readonly compiler
if [[ $secured ]]; then brokers=(1); else brokers=(1 2 3); fi
readonly brokers
readonly proxies=2  # that can stand before the cluster at a time
readonly users=(semel creator no-write no-group no-transaction)  # of a secured cluster
readonly start_deadline=240  # seconds; about 10 on a quiet machine, and minutes on one that does much else
readonly stop_deadline=60

fetch_kafka() {
  local pom=$root/tools/kafka/pom.xml
  cmp -s "$pom" "$jars/pom.xml" && return
  say 'fetching Apache Kafka from Maven Central'
  rm -rf "$jars" "$jars.part"
  mkdir -p "$jars.part"
  mvn -B -q -f "$pom" ${kafka_version:+-P"$kafka_version"} dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$jars.part" \
    >"$build/kafka/mvn.log" 2>&1 || fail "Maven could not fetch Kafka; see $build/kafka/mvn.log"
  cp "$pom" "$jars.part"
  mv "$jars.part" "$jars"
}

# The one in the wheel of confluent-kafka, whose version and digest are pinned. Its file is named as programs ask for it; the
# wheel itself, unpacked, is there for Python programs.
fetch_librdkafka() {
  local pins=$root/tools/kafka/librdkafka.txt home=$build/librdkafka wheel
  cmp -s "$pins" "$home/librdkafka.txt" && [[ -d $home/wheel ]] && return
  say 'fetching librdkafka from PyPI'
  rm -rf "$home"
  mkdir -p "$home/wheel"
  /usr/bin/python3 -m pip download -q --no-deps --only-binary :all: --require-hashes -r "$pins" -d "$home/wheel" \
    --python-version 3.11 --implementation cp --abi cp311 --platform "manylinux_2_28_$(uname -m)" \
    >"$home/pip.log" 2>&1 || fail "pip could not fetch librdkafka; see $home/pip.log"
  wheel=$(echo "$home"/wheel/*.whl)
  /usr/bin/python3 -m zipfile -e "$wheel" "$home/wheel"
  cp "$home"/wheel/confluent_kafka.libs/librdkafka-*.so.1 "$home/librdkafka.so.1"
  rm "$wheel"
  cp "$pins" "$home"
}

# For what runs a second or two: without the optimising compiler it takes half the time.
kafka_java() {
  java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$jars/*" -Dlog4j2.configurationFile="$root/tools/kafka/log4j2.xml" "$@"
}

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
  local ports n voters='' formats=() scram=() count=${#brokers[@]}
  remove_data
  mapfile -t ports < <(free_ports $((6 + 6 * proxies)))
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
		default.replication.factor=$count
		min.insync.replicas=$((count / 2 + 1))
		unclean.leader.election.enable=false
		offsets.topic.replication.factor=$count
		offsets.topic.num.partitions=8
		transaction.state.log.replication.factor=$count
		transaction.state.log.min.isr=$((count / 2 + 1))
		transaction.state.log.num.partitions=8
		group.initial.rebalance.delay.ms=0
	END
    if [[ $secured ]]; then
      secure "$cluster/broker-$n/server.properties" "${ports[n]}"
    else
      stand_behind_proxies "$cluster/broker-$n/server.properties" "${ports[@]:6 + 2 * proxies * (n - 1):2 * proxies}"
    fi
    kafka_java kafka.tools.StorageTool format -t "$id" -c "$cluster/broker-$n/server.properties" "${scram[@]}" \
      >"$cluster/broker-$n/format.log" 2>&1 &
    formats+=($!)
  done
  for n in "${brokers[@]}"; do
    wait "${formats[n - 1]}" || fail "formatting the storage failed; see $cluster/broker-$n/format.log"
  done
  for n in "${brokers[@]}"; do echo "127.0.0.1:${ports[n - 1]}"; done | paste -sd, >"$cluster/listeners"
  echo "$id" >"$cluster/cluster-id"  # last: says that all of the above is there
}

# stand_behind_proxies FILE (ADVERTISED LISTENING)...: adds a pair of ports for each proxy to the configuration.
stand_behind_proxies() {
  local file=$1 i
  shift
  for ((i = 1; i <= proxies; ++i)); do
    sed -i -e "s|^listeners=|&PROXIED$i://127.0.0.1:$2,|" -e "s|^advertised.listeners=|&PROXIED$i://127.0.0.1:$1,|" \
      -e "s|^listener.security.protocol.map=|&PROXIED$i:PLAINTEXT,|" "$file"
    echo "$i $1 $2" >>"$cluster/proxied"
    shift 2
  done
}

# secure FILE PORT: adds that address to the configuration, and the users to `scram`, for StorageTool. They share a password.
secure() {
  local password user plain=''
  make_certificates
  password=$(head -c 12 /dev/urandom | base64 | tr '+/' 'xy')
  (umask 077; echo "$password" >"$cluster/password")
  for user in "${users[@]}"; do
    plain+=" user_$user=\"$password\""
    scram+=(--add-scram "SCRAM-SHA-512=[name=$user,password=$password]")
  done
  local login=org.apache.kafka.common.security
  sed -i -e "s|^listeners=|&SASL_SSL://127.0.0.1:$2,|" -e "s|^advertised.listeners=|&SASL_SSL://127.0.0.1:$2,|" \
    -e 's|^listener.security.protocol.map=|&SASL_SSL:SASL_SSL,|' "$1"
  cat >>"$1" <<-END
		inter.broker.listener.name=PLAINTEXT
		sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
		listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=$login.scram.ScramLoginModule required;
		listener.name.sasl_ssl.plain.sasl.jaas.config=$login.plain.PlainLoginModule required$plain;
		ssl.keystore.type=PEM
		ssl.keystore.location=$cluster/tls/broker.pem
		authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
		super.users=User:ANONYMOUS

		# What a process leaves open when it is killed stays so until somebody uses the right to end it.
		transaction.abort.timed.out.transaction.cleanup.interval.ms=600000
	END
  echo "127.0.0.1:$2" >"$cluster/secured"
}

# The authority that signed the broker's certificate, and another one.
make_certificates() {
  local tls=$cluster/tls ca
  mkdir -p "$tls"
  for ca in ca other-ca; do
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$ca" -keyout "$tls/$ca.key" -out "$tls/$ca.pem"
  done 2>"$tls/openssl.log"
  openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$tls/broker.key" -out "$tls/broker.csr" 2>>"$tls/openssl.log"
  openssl x509 -req -in "$tls/broker.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 30 \
    -extfile <(echo 'subjectAltName=DNS:localhost,IP:127.0.0.1') -out "$tls/broker.crt" 2>>"$tls/openssl.log"
  # Kafka takes key (PKCS #8) and chain from one file.
  { openssl pkcs8 -topk8 -nocrypt -in "$tls/broker.key" && cat "$tls/broker.crt" "$tls/ca.pem"; } >"$tls/broker.pem"
}

remove_data() {
  # Only what is ours: the directory was named by the user.
  rm -rf "$cluster"/broker-[123] "$cluster"/tls "$cluster"/{cluster-id,listeners,bootstrap,proxied,secured,password}
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
    "${compiler[@]}" -Xms512m -Xmx512m -XX:+UseSerialGC kafka.Kafka "$home/server.properties" \
    </dev/null >>"$home/server.log" 2>&1 9>&- &
  echo $! >"$home/pid"
  # Between fork and exec it is not yet to be known by its arguments, and on a busy machine that takes a while.
  until broker_pid "$1" >/dev/null || ! kill -0 $! 2>/dev/null; do sleep 0.05; done
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
  if [[ $secured ]]; then
    require secured
    (flock 8; fetch_librdkafka) 8>"$build/kafka/lock"
  fi
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
  if [[ $class == AclCommand && $kafka_version == 3.* ]]; then class=kafka.admin.$class; fi  # it moved
  [[ $class == kafka.* ]] || class=org.apache.kafka.tools.$class
  kafka_java "$class" --bootstrap-server "$(<"$cluster/bootstrap")" "${@:2}"
}
