#!/bin/bash
# The platform in containers: bash docker/compose.sh COMMAND… is `docker compose COMMAND…`, after what is missing was made.
# PLATFORM is the folder that holds its secrets, certificate and data; SITE its name; ORGANISER the first organiser's address.
# shellcheck source-path=SCRIPTDIR disable=SC2329 # functions are called by name
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source "$ROOT/docker/lib/platform.sh"

if (($# == 0)) || [[ $1 == -h || $1 == --help ]]; then
    cat <<'TEXT'
bash docker/compose.sh up -d                       start the platform; what it needs is made on the first start
bash docker/compose.sh logs setup                  the first organiser's link
bash docker/compose.sh exec worker python3 manage.py backup FOLDER      FOLDER under PLATFORM/backups
bash docker/compose.sh down                        stop it; -v deletes its database, queues and images
TEXT
    exit $((! $#))
fi

begin compose
need_x86_64
need_compose
need_platform
exec 9>&- # Docker's own work is long, and looks after itself
"${COMPOSE[@]}" "$@"
