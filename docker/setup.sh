#!/bin/bash
# What both commands need. Sourced by demo.sh and test.sh; run by itself, it sets up for both and stops:
#   bash docker/setup.sh [--with-torch]      with the image that examples in torch are built on, cil-torch
# shellcheck source-path=SCRIPTDIR
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
source "$HERE/lib/common.sh"
source "$HERE/lib/machine.sh"
source "$HERE/lib/venv.sh"
source "$HERE/lib/engine.sh"
source "$HERE/lib/base_image.sh"
source "$HERE/lib/torch_image.sh"
source "$HERE/lib/demonstration.sh"
source "$HERE/lib/peers.sh"

set_up() { # EXTRAS: the part that demo.sh and test.sh share
    need_x86_64
    need_room "$ROOT" 6 "the set-up"
    need_room /var/lib/docker 8 "the Docker engine"
    need_python
    need_engine_programs
    need_layout
    install_missing
    check_python
    need_venv "$1"
    need_engine
    need_base_image
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    at_end() { stop_engine setup; }
    begin setup
    set_up web,worker,test,bench
    need_peers
    [[ ${1:-} != --with-torch ]] || need_torch_image
    printf 'Set up. Next: bash docker/demo.sh or bash docker/test.sh\n'
fi
