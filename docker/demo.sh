#!/bin/bash
# The whole platform on this machine, with four made-up hospitals: bash docker/demo.sh [--bind ADDRESS:PORT] | stop | reset
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

usage() {
    printf 'bash docker/demo.sh [--bind ADDRESS:PORT]   start it, or show where it runs; its data are kept\n'
    printf 'bash docker/demo.sh stop                    stop all that it started\n'
    printf 'bash docker/demo.sh reset                   stop it and delete its data\n'
}

begin demo
set_up web,worker
