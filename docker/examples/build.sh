#!/bin/bash
# Build the examples as images cancer-imaging-example/NAME, and save archives to upload:
#   bash docker/examples/build.sh [--save DIR] [--only NAME] [BASE]
# BASE has numpy, scipy and nibabel, and torch for those that need it; what it has not is installed on python:3.11-slim,
# the default. Those with torch are large, so they are built only by name.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
large=" unetpp "
save=
only=
while [[ ${1-} == --* ]]; do
    case $1 in
        --save) save=${2:?--save needs a folder} ;;
        --only) only=${2:?--only needs the name of an example} ;;
        *) sed -n '2,5s/^# *//p' "$0" >&2 && exit 2 ;;
    esac
    shift 2
done
[ -z "$save" ] || mkdir -p -- "$save"
if [ -n "$only" ] && [ ! -f "$here/$only/Dockerfile" ]; then
    printf 'There is no example %s: the examples are the folders of %s with a Dockerfile.\n' "$only" "$here" >&2
    exit 2
fi
base=${1-python:3.11-slim}
log=$(mktemp)
trap 'rm -f -- "$log"' EXIT

for dockerfile in "$here"/*/Dockerfile; do
    name=$(basename -- "$(dirname -- "$dockerfile")")
    if [ "$name" != "${only:-$name}" ] || [[ ! $only && $large == *" $name "* ]]; then continue; fi
    image=cancer-imaging-example/$name
    DOCKER_BUILDKIT=0 docker build --build-arg "BASE=$base" --tag "$image" --file "$dockerfile" "$here" >"$log" 2>&1 || {
        cat -- "$log" >&2
        exit 1
    }
    digest=$(docker image inspect --format '{{.Id}}' "$image")
    printf '%s %s\n' "$image" "$digest"
    if [ -n "$save" ] && [ "$(cat -- "$save/$name.digest" 2>/dev/null)" != "$digest" ]; then
        rm -f -- "$save/$name.digest"
        docker save --output "$save/.$name.part" "$image"
        mv -- "$save/.$name.part" "$save/$name.tar"
        printf '%s\n' "$digest" >"$save/$name.digest"
    fi
done
