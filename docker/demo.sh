#!/bin/bash
# The whole platform on this machine, with four made-up hospitals: bash docker/demo.sh [--bind ADDRESS:PORT] | link WHO | stop | reset
# shellcheck source-path=SCRIPTDIR disable=SC2329 # functions are called by name
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

usage() {
    cat <<'TEXT'
bash docker/demo.sh [--bind ADDRESS:PORT]   start the demonstration, or show where it runs; its data are kept
bash docker/demo.sh link WHO                a new login link for team, organiser, steward, funder or reviewer
bash docker/demo.sh stop                    stop everything it started
bash docker/demo.sh reset                   stop it and delete its data; the next start begins anew
TEXT
}

at_end() { # a start that did not come to its end leaves nothing running
    [[ ! $STARTING ]] || stop_all
}

stop_all() {
    stop_demo_services
    stop_engine demo
}

start() {
    STARTING=yes
    set_up web,worker
    mkdir -p "$DEMO"
    if [[ ! $BIND || $BIND == $(cat "$DEMO/address" 2>/dev/null) ]] && demo_is_whole; then
        ADDRESS=$(cat "$DEMO/address")
        demo_environment "$ADDRESS"
    else
        if demo_lives; then step "Stopping the site and workers of an earlier start" stop_demo_services; fi
        choose_address "$BIND"
        demo_environment "$ADDRESS"
        step "Example submissions, built and saved" bash docker/examples/build.sh --save "$DEMO/examples" "$BASE"
        step "Database" python manage.py migrate --no-input
        step "Site on $ADDRESS, with its workers" start_demo_services "$ADDRESS"
    fi
    shown_step "Four hospitals, and every example through the pipeline" \
        python manage.py demonstrate --folder "$DEMO/cohorts" --archives "$DEMO/examples"
    STARTING=
    show
}

show() {
    local who
    printf '\nThe leaderboard: %s\n' "$(url_of "$ADDRESS")"
    printf 'Links that log in once, good for an hour:\n'
    for who in "${PEOPLE[@]}"; do
        printf '  %-10s %s\n' "$who" "$(link_of "$who")"
    done
    printf 'Another one: bash docker/demo.sh link WHO. Stop it with: bash docker/demo.sh stop\n'
}

link_of() { # WHO
    printf '%s%s' "$(url_of "$ADDRESS")" "$(python manage.py login_link "$1@demo.example")"
}

link() { # WHO
    [[ " ${PEOPLE[*]} " == *" $1 "* ]] || die "link is for one of: ${PEOPLE[*]}."
    demo_is_whole || die "The demonstration does not run: bash docker/demo.sh"
    ADDRESS=$(cat "$DEMO/address")
    demo_environment "$ADDRESS"
    python manage.py login_link "$1@demo.example" >/dev/null 2>&1 || die "Nobody is there yet: ask again once all scans are drawn."
    printf '%s\n' "$(link_of "$1")"
}

PEOPLE=(team organiser steward funder reviewer)
STARTING=
BIND=
WHO=
ACTION=start
while (($#)); do
    case $1 in
        --bind)
            BIND=${2:-}
            [[ $BIND =~ ^.+:[0-9]+$ ]] || die "--bind needs ADDRESS:PORT, such as 127.0.0.1:8000."
            shift
            ;;
        link)
            ACTION=link WHO=${2:-}
            [[ $# == 1 ]] || shift
            ;;
        stop | reset) ACTION=$1 ;;
        -h | --help) usage && exit ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done

if [[ $ACTION == link ]]; then # needs no turn: the site answers while examples still run
    link "$WHO"
    exit
fi
begin demo
case $ACTION in
    start) start ;;
    stop) step "Stopping the demonstration" stop_all ;;
    reset)
        step "Stopping the demonstration" stop_all
        step "Deleting its data" rm -rf --one-file-system "$DEMO"
        ;;
esac
