# shellcheck shell=bash
# The test command's own PostgreSQL cluster and RabbitMQ node, in a folder that goes with them. Sourced, never run.

FAKETIME=/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1 # a clock that jumps, for hospitals' tests

postgresql_bin() { # the newest one; Debian keeps it off the PATH
    local initdb
    initdb=$(find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -name initdb 2>/dev/null | sort -V | tail -n 1)
    [[ $initdb ]] || initdb=$(readlink -f "$(command -v initdb)") || return 0
    dirname "$initdb"
}

rabbitmq_server() { # Debian's command on the PATH insists on its own user; the one behind it does not
    local server=/usr/lib/rabbitmq/bin/rabbitmq-server
    if [[ -x $server ]]; then echo "$server"; else command -v rabbitmq-server || true; fi
}

need_service_programs() {
    [[ $(postgresql_bin) ]] || MISSING+=(postgresql)
    [[ $(rabbitmq_server) ]] || MISSING+=(rabbitmq-server)
    need_program docker-registry docker-registry
    need_program iproute2 ip
    need_program curl curl
    [[ -e $FAKETIME ]] || MISSING+=(libfaketime)
}

make_place() { # sets PLACE and AS_SERVICE; PostgreSQL refuses root, so its user must be able to reach the folder
    PLACE=$DATA/test
    AS_SERVICE=(env "HOME=$PLACE")
    mkdir -p "$PLACE"
    if as_root; then
        AS_SERVICE=(setpriv --reuid=postgres --regid=postgres --init-groups env)
        if ! "${AS_SERVICE[@]}" test -x "$PLACE"; then
            rmdir "$PLACE"
            PLACE=$(mktemp -d /tmp/leaderboard-test.XXXXXX)
        fi
        AS_SERVICE+=("HOME=$PLACE")
        chown postgres: "$PLACE"
    fi
    printf '%s\n' "$PLACE" >"$PIDS/test-place"
}

stop_services() { # of this run, or of one that was killed
    local place
    stop test-postgresql INT
    stop test-rabbitmq
    stop test-epmd
    place=$(cat "$PIDS/test-place" 2>/dev/null) || return 0
    [[ $place != */leaderboard-test.* && $place != "$DATA/test" ]] || rm -rf --one-file-system "$place"
    rm -f "$PIDS/test-place"
}

start_postgresql() { # PORT PASSWORD
    local bin
    bin=$(postgresql_bin)
    cd "$PLACE" || return
    "${AS_SERVICE[@]}" bash -c "umask 077; printf %s '$2' >password"
    "${AS_SERVICE[@]}" "$bin/initdb" --pgdata=postgresql --username=leaderboard --pwfile=password --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C --no-sync
    # TCP on the loopback only: a socket's path may be too long. The cluster ends with the run, so nothing is synced.
    spawn test-postgresql "${AS_SERVICE[@]}" "$bin/postgres" -D "$PLACE/postgresql" -h 127.0.0.1 -p "$1" \
        -c unix_socket_directories= -c fsync=off -c full_page_writes=off -c synchronous_commit=off
    wait_for 60 test-postgresql "$VENV/bin/python" -c "import psycopg; psycopg.connect('$DATABASE_URL').close()"
}

start_rabbitmq() { # PORT PASSWORD DISTRIBUTION_PORT EPMD_PORT ADMIN_PORT: a node that no other node on this machine can meet
    local rabbit=$PLACE/rabbitmq
    "${AS_SERVICE[@]}" mkdir -p "$rabbit"
    "${AS_SERVICE[@]}" bash -c "umask 077; printf '%s\n' default_user=leaderboard default_pass=$2 loopback_users=none \
        listeners.tcp.1=127.0.0.1:$1 management.tcp.ip=127.0.0.1 management.tcp.port=$5 disk_free_limit.absolute=50MB log.console=true log.file=false >'$rabbit/node.conf'"
    "${AS_SERVICE[@]}" bash -c "echo '[rabbitmq_management].' >'$rabbit/plugins'"
    "${AS_SERVICE[@]}" touch "$rabbit/environment"
    local node=("${AS_SERVICE[@]}" "ERL_EPMD_PORT=$4" ERL_EPMD_ADDRESS=127.0.0.1)
    spawn test-epmd "${node[@]}" epmd -port "$4" -address 127.0.0.1
    spawn test-rabbitmq "${node[@]}" "HOME=$rabbit" "RABBITMQ_NODENAME=leaderboard$1@localhost" "RABBITMQ_DIST_PORT=$3" \
        "RABBITMQ_CONFIG_FILE=$rabbit/node.conf" "RABBITMQ_CONF_ENV_FILE=$rabbit/environment" \
        "RABBITMQ_ENABLED_PLUGINS_FILE=$rabbit/plugins" "RABBITMQ_MNESIA_BASE=$rabbit/mnesia" \
        "RABBITMQ_LOG_BASE=$rabbit/log" "RABBITMQ_PID_FILE=$rabbit/pid" \
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}" "$(rabbitmq_server)"
    wait_for 90 test-rabbitmq "$VENV/bin/python" -c "import kombu, urllib.request
kombu.Connection('$BROKER_URL').connect()
urllib.request.build_opener(urllib.request.ProxyHandler({})).open('http://127.0.0.1:$5')"
}
