# shellcheck shell=bash
# The Docker engine: the one that runs, or as root our own. Sourced, never run.

export DOCKER_BUILDKIT=0 # the old builder is in every engine and needs no plugin

engine_answers() { timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

need_engine_programs() {
    need_program "docker.io" docker
    if command -v docker >/dev/null && engine_answers; then return; fi
    if ! as_root; then
        [[ -S /var/run/docker.sock ]] && die \
            "Docker's engine does not answer this user; if it runs, join its group and log in again: sudo usermod -aG docker $(id -un)"
        die "No Docker engine runs: install and start one, and join its group: sudo apt-get install docker.io && sudo usermod -aG docker $(id -un)"
    fi
    need_program "docker.io iptables ca-certificates" dockerd
    [[ $ME != test ]] || ! apt-cache show runsc >/dev/null 2>&1 || need_program runsc runsc # gVisor passes the tests too
    [[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) != Y ]] || need_program apparmor apparmor_parser
}

need_engine() {
    if engine_answers; then
        # The owner of a service that we started is the last command that counts on it.
        if lives dockerd && [[ $ME == demo ]]; then echo demo >"$PIDS/dockerd.owner"; fi
        return
    fi
    [[ -z ${DOCKER_HOST:-} ]] || die "DOCKER_HOST is $DOCKER_HOST, and no engine answers there: start it, or unset DOCKER_HOST."
    step "Starting a Docker engine" start_engine
    echo "$ME" >"$PIDS/dockerd.owner"
}

start_engine() { # containers and builds here have no network, so the engine leaves the machine's network alone
    mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
    with_gvisor >"$PIDS/daemon.json"
    spawn dockerd dockerd --config-file="$PIDS/daemon.json" --bridge=none --iptables=false --ip6tables=false --ip-forward=false
    wait_for 90 dockerd engine_answers
}

with_gvisor() { # a second runtime, where it is installed: submissions ask for it by CONTAINER_RUNTIME=runsc
    local runsc
    runsc=$(command -v runsc) || { echo '{}'; return; }
    printf '{"runtimes": {"runsc": {"path": "%s", "runtimeArgs": ["--network=none", "--platform=ptrace"]}}}\n' "$runsc"
}

stop_engine() { # OWNER: only what this owner's command started
    if [[ $(cat "$PIDS/dockerd.owner" 2>/dev/null) == "$1" ]]; then
        stop dockerd
        rm -f "$PIDS/dockerd.owner"
    fi
}
