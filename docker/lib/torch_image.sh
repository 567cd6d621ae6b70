# shellcheck shell=bash
# cil-torch: cil-base with torch, for the examples that need it; large, so made only when asked for. Sourced, never run.

TORCH=cil-torch:latest

torch_inputs() {
    cat "$ROOT/docker/torch/Dockerfile" "$ROOT/docker/lib/torch_image.sh" <(base_inputs) \
        <(grep -E '^(torch|sympy|mpmath|networkx|jinja2|markupsafe|fsspec|filelock|typing_extensions)==' "$ROOT/docker/constraints.txt") |
        sha256sum | cut -c1-16
}

need_torch_image() {
    [[ $(docker image inspect -f '{{index .Config.Labels "cil.inputs"}}' $TORCH 2>/dev/null) != "$(torch_inputs)" ]] || return 0
    need_base_image
    need_room "$ROOT" 3 "torch"
    need_room /var/lib/docker 3 "the image with torch"
    step "Wheels for the image with torch" torch_packages
    step "Image with torch, $TORCH on $BASE" build_torch
}

torch_packages() { # kept unpacked; what only those who build upon torch or test it need is left out
    local packages=$CACHE/torch/packages
    mkdir -p "$CACHE/torch"
    cp "$ROOT/docker/torch/Dockerfile" "$CACHE/torch/"
    [[ $(cat "$CACHE/torch/inputs" 2>/dev/null) != "$(torch_inputs)" ]] || return 0
    rm -rf "$packages" "$CACHE/torch/inputs"
    mkdir "$packages"
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off --retries 5 \
        --target "$packages" --no-compile --only-binary :all: --implementation cp --python-version 3.11 --abi cp311 \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux2014_x86_64 \
        -c "$ROOT/docker/constraints.txt" torch
    rm -rf "${packages:?}/bin" "$packages"/numpy* "$packages"/torch/{include,test} "$packages"/sympy/*/tests
    find "$packages/torch/bin" -type f ! -name torch_shm_manager -delete
    find "$packages" -name '*.a' -delete
    torch_inputs >"$CACHE/torch/inputs"
}

build_torch() {
    docker build --network none --build-arg "PARENT=$BASE" --label "cil.inputs=$(torch_inputs)" --tag $TORCH "$CACHE/torch"
}
