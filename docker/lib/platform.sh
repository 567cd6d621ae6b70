# shellcheck shell=bash
# What the platform in containers needs: a folder with secrets and a certificate, images, and what is in them. Sourced, never run.

PLATFORM=$(realpath -m "${PLATFORM:-$DATA/platform}")
SERVICES=cil-services:bookworm
SERVICES_PACKAGES=python3,ca-certificates,postgresql-15,rabbitmq-server,docker-registry,nginx-light
SERVICES_PACKAGES+=,libpango-1.0-0,libpangoft2-1.0-0,libharfbuzz-subset0 # lay out report cards
PACKAGES=$ROOT/docker/packages

need_compose() { # sets COMPOSE: the engine's plugin, or the program of before
    need_program openssl openssl
    if docker compose version >/dev/null 2>&1; then
        COMPOSE=(docker compose)
    else
        need_program docker-compose docker-compose
        COMPOSE=(docker-compose)
    fi
    install_missing
    engine_answers || die "No Docker engine answers: start one, or name it in DOCKER_HOST."
}

need_platform() { # completes COMPOSE
    if [[ ! -e $PLATFORM/env ]]; then
        need_tls
        step "Secrets in $PLATFORM" make_platform
    fi
    COMPOSE+=(--project-name "${PROJECT:-leaderboard}" --env-file "$PLATFORM/env" -f "$ROOT/docker/compose.yaml")
    if grep -q "^POSTGRES_IMAGE=$SERVICES" "$PLATFORM/env"; then
        COMPOSE+=(-f "$ROOT/docker/compose.debian.yaml")
        need_substitutes
    fi
}

secret() { head -c 36 /dev/urandom | base64 | tr -d '/+=\n'; }

site() { printf '%s' "${SITE:-localhost}"; }

need_tls() { # a certificate that lies there already is used
    [[ -e $PLATFORM/tls/server.pem ]] || step "A certificate for $(site), by a CA of our own" make_tls
}

make_tls() {
    local tls=$PLATFORM/tls
    mkdir -p "$tls"
    chmod 700 "$PLATFORM"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=Leaderboard CA of $(site)" \
        -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$PLATFORM/ca.key" -out "$tls/ca.pem"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$(site)" -keyout "$tls/server.key" |
        openssl x509 -req -days 825 -CA "$tls/ca.pem" -CAkey "$PLATFORM/ca.key" -out "$PLATFORM/server.crt" -extfile <(
            printf 'subjectAltName=DNS:%s,DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' "$(site)"
        )
    cat "$PLATFORM/server.crt" "$tls/ca.pem" >"$tls/server.pem"
    chmod 644 "$tls"/* # the folder above is closed; each server reads its mount under a user of its own
}

make_platform() { # the file `env` comes last: what was interrupted begins anew
    local user rabbit registry images
    mkdir -p "$PLATFORM"/{data,cohorts,backups}
    chmod 700 "$PLATFORM"
    user=$(id -u):$(id -g)
    if as_root; then
        user=10001:10001
        chown "$user" "$PLATFORM"/{data,cohorts,backups}
    fi
    rabbit=$(secret)
    registry=$(secret)
    printf '%s\n' "default_user = leaderboard" "default_pass = $rabbit" "default_user_tags.administrator = true" \
        "loopback_users = none" "listeners.tcp.default = 5672" "listeners.ssl.default = 5671" \
        "ssl_options.cacertfile = /tls/ca.pem" "ssl_options.certfile = /tls/server.pem" \
        "ssl_options.keyfile = /tls/server.key" "ssl_options.verify = verify_none" "ssl_options.versions.1 = tlsv1.3" \
        "ssl_options.versions.2 = tlsv1.2" "management.tcp.port = 15672" "log.console = true" >"$PLATFORM/rabbitmq.conf"
    printf 'hospital:%s\n' "$(openssl passwd -apr1 "$registry")" >"$PLATFORM/htpasswd"
    chmod 644 "$PLATFORM"/{rabbitmq.conf,htpasswd}
    images=$(images)
    (
        umask 077
        cat >"$PLATFORM/env.part" <<TEXT
PLATFORM=$PLATFORM
PLATFORM_USER=$user
SITE=$(site)
ORGANISER=${ORGANISER:-organiser@$(site)}
HTTPS_PORT=${HTTPS_PORT:-443}
AMQPS_PORT=${AMQPS_PORT:-5671}
DOCKER_SOCKET=${DOCKER_SOCKET:-/var/run/docker.sock}
DOCKER_GROUP=$(stat -c %g "${DOCKER_SOCKET:-/var/run/docker.sock}")
SECRET_KEY=$(secret)
LOG_KEYS=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')
METRICS_TOKEN=$(secret)
POSTGRES_PASSWORD=$(secret)
RABBITMQ_PASSWORD=$rabbit
REGISTRY_PASSWORD=$registry
$images
TEXT
    )
    mv "$PLATFORM/env.part" "$PLATFORM/env"
}

images() { # the official ones where a registry answers within 20 s
    if timeout 20 docker manifest inspect python:3.11-slim-bookworm >/dev/null 2>&1; then
        printf '%s\n' PYTHON_IMAGE=python:3.11-slim-bookworm POSTGRES_IMAGE=postgres:15-bookworm \
            RABBITMQ_IMAGE=rabbitmq:3.13-management REGISTRY_IMAGE=registry:2 PROXY_IMAGE=nginx:1.26
    else
        printf '%s\n' {PYTHON,POSTGRES,RABBITMQ,REGISTRY,PROXY}_IMAGE=$SERVICES
    fi
}

need_substitutes() { # an image of Debian's packages, and Python's packages for the build, which has no network
    services_are_whole || step "No registry answers: the services from this machine's Debian mirror" services_image
    local extra
    for extra in web worker; do
        [[ $(cat "$PACKAGES/$extra.made-from" 2>/dev/null) != "$(packages_inputs)" ]] || continue
        need_python
        install_missing
        check_python
        need_venv web,worker
        step "Python packages of the image $extra" image_packages $extra
    done
}

services_are_whole() { # one made before report cards were PDFs lacks what lays them out
    image_exists $SERVICES && [[ $(docker run --rm --network none --entrypoint ldconfig $SERVICES -p) == *libpangoft2-1.0.so.0* ]]
}

packages_inputs() { cat "$ROOT/pyproject.toml" "$ROOT/docker/constraints.txt" | sha256sum | cut -c1-16; }

services_image() {
    local tree=$CACHE/services tar=$CACHE/services-pango.tar mirror
    mkdir -p "$CACHE"
    if [[ ! -e $tar ]]; then
        as_root || die "No registry answers, and only root can make a substitute: pull the images elsewhere, or run this once as root."
        need_program debootstrap debootstrap
        install_missing
        mirror=$(debian_mirror)
        [[ $mirror ]] || die "This machine's apt sources name no Debian mirror: pull the images where there is a network."
        rm -rf --one-file-system "$tree"
        mkdir "$tree"
        # shellcheck disable=SC2016 # expanded by the inner shell
        unshare --mount bash -ec 'mount --bind "$1" /mnt; debootstrap --variant=minbase \
            --include="$3" bookworm /mnt "$2"' \
            bash "$tree" "$mirror" "$SERVICES_PACKAGES"
        rm -rf "$tree"/var/{cache/apt,lib/apt/lists,log}/* "$tree"/usr/share/{doc,man,locale,info}/*
        rm -rf "$tree"/var/lib/{rabbitmq,postgresql/15/main}
        mkdir -p "$tree"/var/lib/{rabbitmq,registry,postgresql/data,nginx} "$tree/etc/docker/registry" "$tree/var/log"/{nginx,rabbitmq}
        chroot "$tree" chown -R rabbitmq: /var/lib/rabbitmq /var/log/rabbitmq
        chroot "$tree" chown -R postgres: /var/lib/postgresql
        tar -C "$tree" --numeric-owner -cf "$tar.part" .
        mv "$tar.part" "$tar"
        rm -rf --one-file-system "$tree"
    fi
    docker import "$tar" $SERVICES
}

image_packages() { # EXTRA
    local to=$PACKAGES/$1
    rm -rf "$to" "$to.made-from"
    mkdir -p "$to"
    "$VENV/bin/python" "$ROOT/docker/lib/wanted.py" "$ROOT/pyproject.toml" "$1" >"$PACKAGES/$1.txt"
    "$VENV/bin/python" -m pip wheel --no-deps --quiet --wheel-dir "$CACHE/wheels" -c "$ROOT/docker/constraints.txt" medpy # has no wheel
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off --retries 5 \
        --target "$to" --no-compile --only-binary :all: --implementation cp --python-version 3.11 --abi cp311 --abi abi3 --abi none \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux2014_x86_64 --platform any \
        --find-links "$CACHE/wheels" -c "$ROOT/docker/constraints.txt" -r "$PACKAGES/$1.txt"
    find "$to" -type d -name tests -prune -exec rm -rf {} +
    packages_inputs >"$to.made-from"
}
