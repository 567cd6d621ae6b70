# shellcheck shell=bash
# The demonstration's site and workers: what demo.sh starts, stops and looks after. Sourced, never run.

DEMO=$DATA/demo
DEMO_SERVICES=(web platform hospitals)

demo_lives() {
    local one
    for one in "${DEMO_SERVICES[@]}"; do
        if lives "demo-$one"; then return 0; fi
    done
    return 1
}

demo_is_whole() {
    local one
    for one in "${DEMO_SERVICES[@]}"; do
        lives "demo-$one" || return 1
    done
}

demo_environment() { # ADDRESS:PORT
    local host=${1%:*}
    cd "$ROOT" || return
    PATH=$VENV/bin:$PATH
    export LEADERBOARD_DATA=$DEMO DJANGO_SETTINGS_MODULE=leaderboard.settings
    export ALLOWED_HOSTS="localhost 127.0.0.1 [::1] $host"
    case $host in
        0.0.0.0 | '[::]') ALLOWED_HOSTS+=" $(hostname) $(hostname -I)" ;;
    esac
    unset DATABASE_URL BROKER_URL SECRET_KEY
}

choose_address() { # BIND or nothing; sets ADDRESS: what was asked for, else where it ran before, else a free port
    local kept
    kept=$(cat "$DEMO/address" 2>/dev/null || echo 127.0.0.1:8000)
    ADDRESS=${1:-$kept}
    if ! can_listen "$ADDRESS"; then
        [[ ! $1 ]] || die "$1 is taken or not an address of this machine: give another one to --bind."
        ADDRESS=127.0.0.1:$(free_ports 1)
    fi
    echo "$ADDRESS" >"$DEMO/address"
}

can_listen() { # ADDRESS:PORT
    "$VENV/bin/python" - "$1" <<'PYTHON' 2>/dev/null
import socket, sys

host, port = sys.argv[1].rsplit(":", 1)
host = host.strip("[]")
socket.create_server((host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
PYTHON
}

start_demo_services() { # ADDRESS:PORT
    local worker=(celery --app leaderboard worker --loglevel INFO --without-gossip --without-mingle)
    spawn demo-web bash "$ROOT/docker/lib/keep.sh" gunicorn leaderboard.wsgi --bind "$1" --workers 2 --threads 4 --timeout 300 \
        --no-control-socket
    spawn demo-platform bash "$ROOT/docker/lib/keep.sh" "${worker[@]}" --beat --queues platform --hostname platform@demo --concurrency 1
    spawn demo-hospitals bash "$ROOT/docker/lib/keep.sh" "${worker[@]}" --queues hospitals --hostname hospitals@demo --concurrency 2
    wait_for 60 demo-web site_answers "$1"
}

site_answers() { # ADDRESS:PORT
    "$VENV/bin/python" - "$(url_of "$1")" <<'PYTHON'
import sys, urllib.request

direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
direct.open(sys.argv[1], timeout=10)
PYTHON
}

url_of() { # ADDRESS:PORT → what to open in a browser on this machine
    local host=${1%:*}
    case $host in
        0.0.0.0 | '[::]') host=localhost ;;
    esac
    printf 'http://%s:%s' "$host" "${1##*:}"
}

stop_demo_services() { # and the containers of workers that had to be killed
    local one
    for one in "${DEMO_SERVICES[@]}"; do
        stop "demo-$one" &
    done
    wait
    reap_containers
}

reap_containers() { # those whose supervisor is no more
    [[ -x $VENV/bin/python ]] && engine_answers || return 0
    cd "$ROOT" && "$VENV/bin/python" - <<'PYTHON'
import time

from evaluator.container.docker_engine import DockerEngine
from evaluator.container.reaper import reap

reap(DockerEngine(), time.time())
PYTHON
}
