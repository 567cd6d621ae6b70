#!/bin/bash
# Build every example as an image cancer-imaging-example/NAME, and save archives to upload:
#   bash docker/examples/build.sh [--save DIR] [BASE]      BASE has numpy, scipy and nibabel (default: python:3.11-slim)
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
save=
if [ "${1-}" = --save ]; then
    save=${2:?--save needs a folder}
    shift 2
    mkdir -p -- "$save"
fi
base=${1-python:3.11-slim}
log=$(mktemp)
trap 'rm -f -- "$log"' EXIT

for dockerfile in "$here"/*/Dockerfile; do
    name=$(basename -- "$(dirname -- "$dockerfile")")
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
