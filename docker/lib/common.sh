# shellcheck shell=bash
# A step must not run in a condition (if, &&, ||): Bash would go on after its first failing line.
# Steps that say what they do, one lock, and processes that are known by pid. Sourced, never run.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
DATA=$ROOT/.data
LOGS=$DATA/logs
PIDS=$DATA/run
VENV=$ROOT/.venv
export PATH=$PATH:/usr/sbin:/sbin PYTHONUNBUFFERED=1
# Workers share the cores already; and a sum's last digit would depend on the number of threads.
export OPENBLAS_NUM_THREADS=1
# Requests to this machine itself never go through a proxy.
export no_proxy="${no_proxy:+$no_proxy,}127.0.0.1,localhost,::1"
export NO_PROXY=$no_proxy

STEP= # process group of the step that runs now
CODE= # exit code of the last one

die() { # SENTENCE: what is missing, and how to get it
    printf '%s\n' "$*" >&2
    exit 1
}

run_step() { # COMMAND…: sets CODE; in a process group of its own, so that an interruption reaches all of it
    CODE=0
    set -m
    (
        set +m
        "$@"
    ) </dev/null &
    STEP=$!
    set +m
    wait "$STEP" || CODE=$?
    STEP=
}

step() { # WHAT COMMAND…: its output goes to a log; a failure shows the end of it and ends the script
    local what=$1 log began=$SECONDS
    shift
    log=$(log_of "$what")
    printf '%s ... ' "$what"
    run_step kept_in "$log" "$@"
    if ((CODE)); then
        printf 'failed after %d s\n' $((SECONDS - began))
        tail -n 60 "$log" | sed 's/^/    /' >&2
        printf 'The whole log: %s\n' "$log" >&2
        exit "$CODE"
    fi
    printf '%d s\n' $((SECONDS - began))
}

shown_step() { # WHAT COMMAND…: a step so long that its lines, but not what it logs, are shown as they come
    local what=$1 log began=$SECONDS
    shift
    log=$(log_of "$what")
    printf '%s:\n' "$what"
    run_step shown_and_kept_in "$log" '/ INFO [0-9]/d; s/^/    /' "$@"
    if ((CODE)); then
        printf '%s failed after %d s. The whole log: %s\n' "$what" $((SECONDS - began)) "$log" >&2
        exit "$CODE"
    fi
    printf '%s ... %d s\n' "$what" $((SECONDS - began))
}

watched() { # WHAT COMMAND…: its output is the reader's, untouched; sets CODE
    local what=$1
    shift
    run_step shown_and_kept_in "$(log_of "$what")" '' "$@"
}

kept_in() { # LOG COMMAND…
    local log=$1
    shift
    "$@" >"$log" 2>&1
}

shown_and_kept_in() { # LOG SED COMMAND…
    local log=$1 sed=$2
    shift 2
    "$@" 2>&1 | tee "$log" | sed -u "$sed"
}

log_of() { # WHAT
    printf '%s/%s-%s.log' "$LOGS" "$ME" "$(tr -cs '[:alnum:]' - <<<"${1,,}" | sed 's/^-//; s/-$//')"
}

begin() { # NAME: folders, one lock for all commands, and a clean end however the script ends
    ME=$1
    mkdir -p "$LOGS" "$PIDS"
    trap 'end $?' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    exec 9>>"$DATA/lock"
    if ! flock -n 9; then
        printf 'another %s is running; waiting for it to end\n' "$(cat "$DATA/lock.holder" 2>/dev/null || echo command)"
        flock 9
    fi
    printf '%s.sh (pid %d)' "$ME" $$ >"$DATA/lock.holder"
}

end() { # EXIT CODE
    trap '' INT TERM HUP
    set +e
    if [[ $STEP ]]; then
        kill_group "$STEP"
        printf 'interrupted\n' >&2
    fi
    at_end
    exit "$1"
}

at_end() { :; } # what a command stops when it ends; test.sh says more

kill_group() { # LEADER: TERM to all of its group, KILL after 10 s
    local tries
    kill -TERM -- "-$1" 2>/dev/null
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 -- "-$1" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL -- "-$1" 2>/dev/null
    return 0
}

started_at() { # PID: its start in clock ticks, so that a pid used again is not taken for ours
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    stat=${stat##*) }
    [[ $stat != Z* ]] && cut -d' ' -f20 <<<"$stat"
}

spawn() { # NAME COMMAND…: a service in its own session; it does not hold our lock
    local name=$1
    shift
    setsid "$@" >>"$LOGS/$name.log" 2>&1 </dev/null 9>&- &
    printf '%d %s\n' $! "$(started_at $! || echo ended)" >"$PIDS/$name.pid"
}

lives() { # NAME: is the service we spawned under this name still that process?
    local pid start
    [[ -e $PIDS/$1.pid ]] && read -r pid start <"$PIDS/$1.pid" && [[ $(started_at "$pid") == "$start" ]]
}

stop() { # NAME [SIGNAL]: to the main process only; what is left of its group after 15 s is killed
    local pid _ tries
    if lives "$1"; then
        read -r pid _ <"$PIDS/$1.pid"
        kill "-${2:-TERM}" "$pid"
        for ((tries = 0; tries < 150; tries++)); do
            lives "$1" || break
            sleep 0.1
        done
        kill -KILL -- "-$pid" 2>/dev/null || true
    fi
    rm -f "$PIDS/$1.pid"
}

wait_for() { # SECONDS NAME COMMAND…: until the command succeeds, while the service lives
    local deadline=$((SECONDS + $1)) name=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        lives "$name" || { tail -n 20 "$LOGS/$name.log" && die "$name has ended before it was ready."; }
        ((SECONDS < deadline)) || { tail -n 20 "$LOGS/$name.log" && die "$name was not ready in time."; }
        sleep 0.2
    done
}

free_ports() { # N: ports that nobody listens on, all different
    "$VENV/bin/python" - "$1" <<'PYTHON'
import socket, sys

held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(one.getsockname()[1] for one in held))
PYTHON
}

as_root() { [[ $(id -u) == 0 ]]; }
