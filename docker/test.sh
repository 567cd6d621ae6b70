#!/bin/bash
# Every check of the project, from a bare machine, leaving nothing running: bash docker/test.sh [--long NAME] [pytest's arguments]
# The static checks stop at the first that fails; the tests all run, and pytest's summary is the last line.
# shellcheck source-path=SCRIPTDIR disable=SC2329 # functions are called by name
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source "$ROOT/docker/lib/services.sh"
source "$ROOT/docker/lib/browser.sh"

at_end() {
    stop_services
    stop_engine test
    rm_tests_files
}

own_tests_files() { # pytest clears what earlier runs left and fails at a mount that a killed one left: ours are apart
    rm_tests_files
    PYTEST_DEBUG_TEMPROOT=$(mktemp -d /tmp/leaderboard-pytest.XXXXXX)
    export PYTEST_DEBUG_TEMPROOT
    printf '%s\n' "$PYTEST_DEBUG_TEMPROOT" >"$PIDS/tests-files"
}

rm_tests_files() { # of this run, or of one that was killed
    local place
    place=$(cat "$PIDS/tests-files" 2>/dev/null) || return 0
    [[ $place != /tmp/leaderboard-pytest.* ]] || rm -rf --one-file-system "$place" 2>/dev/null || true
    rm -f "$PIDS/tests-files"
}

static_checks() {
    step "ruff format" ruff format --check .
    step "ruff check" ruff check .
    step "shellcheck" shellcheck --external-sources docker/*.sh docker/lib/*.sh docker/examples/*.sh
    step "djade" djade_check
    step "mypy" mypy
    step "Import contracts" lint-imports
    step "Migrations" python manage.py makemigrations --check --dry-run
}

djade_check() {
    find templates -name '*.html' -print0 | xargs -0 djade --check --target-version 5.2
}

own_services() {
    local ports password
    stop_services
    make_place
    read -r -a ports <<<"$(free_ports 5)"
    password=$(head -c 18 /dev/urandom | base64 | tr -d '/+=')
    export DATABASE_URL=postgresql://leaderboard:$password@127.0.0.1:${ports[0]}/postgres
    export BROKER_URL=amqp://leaderboard:$password@127.0.0.1:${ports[1]}//
    export BROKER_ADMIN_URL=http://leaderboard:$password@127.0.0.1:${ports[4]}
    step "PostgreSQL on port ${ports[0]}" start_postgresql "${ports[0]}" "$password"
    step "RabbitMQ on port ${ports[1]}" start_rabbitmq "${ports[1]}" "$password" "${ports[2]}" "${ports[3]}" "${ports[4]}"
}

begin test
need_service_programs
need_browser_programs
set_up web,worker,test,bench
need_peers
PATH=$VENV/bin:$PATH
cd "$ROOT"
export LEADERBOARD_DATA=$DATA/test-data
own_tests_files
static_checks
step "The core of the web on SQLite" pytest -q -n 2 -m core tests/leaderboard
own_services
watched "Tests" pytest -n 3 --dist loadgroup --durations=10 "$@"
exit "$CODE"
