# shellcheck shell=bash
# The demonstration's site and workers. Sourced, never run.

DEMO=$DATA/demo
DEMO_SERVICES=(web platform hospitals)

demo_lives() {
    local one
    for one in "${DEMO_SERVICES[@]}"; do
        if lives "demo-$one"; then return 0; fi
    done
    return 1
}
