# shellcheck shell=bash
# cil-base: the image the examples are built on. Its label is the hash of what it was made from. Sourced, never run.

BASE=cil-base:latest
OFFICIAL=python:3.11-slim
BOOTSTRAPPED=cil-debian:bookworm
CACHE=$DATA/cache

base_inputs() {
    cat "$ROOT/docker/base/Dockerfile" "$ROOT/docker/lib/base_image.sh" \
        <(grep -E '^(numpy|scipy|nibabel|packaging|typing_extensions|importlib_resources)==' "$ROOT/docker/constraints.txt") |
        sha256sum | cut -c1-16
}

image_exists() { docker image inspect "$1" >/dev/null 2>&1; }

need_base_image() {
    [[ $(docker image inspect -f '{{index .Config.Labels "cil.inputs"}}' $BASE 2>/dev/null) != "$(base_inputs)" ]] || return 0
    need_parent
    step "Wheels for the base image" base_packages
    step "Base image $BASE on $PARENT" build_base "$PARENT"
}

need_parent() { # sets PARENT: the official image where a registry answers within 10 s, else one of the machine's own Debian mirror
    PARENT=$OFFICIAL
    image_exists $OFFICIAL && return
    if registry_answers; then
        step "Pulling $OFFICIAL" docker pull --quiet $OFFICIAL
        return
    fi
    PARENT=$BOOTSTRAPPED
    image_exists $BOOTSTRAPPED && return
    if ! as_root; then
        die "No registry answers for $OFFICIAL, and only root can make a substitute: docker pull $OFFICIAL where there is a network, or run this once as root."
    fi
    need_program debootstrap debootstrap
    install_missing
    step "No registry answers: Debian bookworm from this machine's mirror" bootstrap
}

registry_answers() { # asked by the engine, which has its own proxies and mirrors
    timeout 10 "$VENV/bin/python" -c "import docker; docker.from_env(timeout=10).images.get_registry_data('$OFFICIAL')" >/dev/null 2>&1
}

debian_mirror() {
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format '$(ORIGIN)/$(LABEL) $(REPO_URI)' 'Created-By: Packages' | sed -n 's|^Debian/Debian ||p' | head -n 1
}

bootstrap() {
    local tar=$CACHE/bookworm.tar tree=$CACHE/bookworm mirror
    mkdir -p "$CACHE"
    if [[ ! -e $tar ]]; then
        mirror=$(debian_mirror)
        if [[ -z $mirror ]]; then
            apt_update
            mirror=$(debian_mirror)
        fi
        [[ $mirror ]] || die "This machine's apt sources name no Debian mirror: docker pull $OFFICIAL where there is a network."
        rm -rf --one-file-system "$tree"
        mkdir "$tree"
        # shellcheck disable=SC2016 # expanded by the inner shell
        # In a mount namespace of its own: debootstrap cannot bear spaces in a path, and an interruption leaves no mount behind.
        unshare --mount bash -ec 'mount --bind "$1" /mnt; debootstrap --variant=minbase --include=python3 bookworm /mnt "$2"' \
            bash "$tree" "$mirror"
        rm -rf "$tree"/var/cache/apt/* "$tree"/var/lib/apt/lists/* "$tree"/usr/share/{doc,man,locale,info}/* "$tree"/var/log/*
        tar -C "$tree" --numeric-owner -cf "$tar.part" .
        mv "$tar.part" "$tar"
        rm -rf --one-file-system "$tree"
    fi
    docker import "$tar" $BOOTSTRAPPED
}

base_packages() { # wheels for the image's Python, unpacked here: the build has no network
    local packages=$CACHE/base/packages
    rm -rf "$CACHE/base"
    mkdir -p "$packages"
    cp "$ROOT/docker/base/Dockerfile" "$CACHE/base/"
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off --retries 5 \
        --target "$packages" --no-compile --only-binary :all: --implementation cp --python-version 3.11 --abi cp311 \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux2014_x86_64 \
        -c "$ROOT/docker/constraints.txt" numpy scipy nibabel
    find "$packages" -type d -name tests -prune -exec rm -rf {} +
    rm -rf "${packages:?}/bin"
}

build_base() { # PARENT
    docker build --network none --build-arg "PARENT=$1" --label "cil.inputs=$(base_inputs)" --tag $BASE "$CACHE/base"
}
