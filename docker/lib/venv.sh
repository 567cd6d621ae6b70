# shellcheck shell=bash
# The .venv: made from pyproject.toml under docker/constraints.txt, and made again when they change. Sourced, never run.

venv_inputs() { # what a .venv depends on, as one line
    printf '%s %s' "$("$PYTHON_FOUND" -VV | tr ' \n' '--')" \
        "$(cat "$ROOT/pyproject.toml" "$ROOT/docker/constraints.txt" <(printf '%s' "$ROOT") | sha256sum | cut -c1-16)"
}

need_venv() { # EXTRAS: comma-separated
    local extras=$1 stamp=$VENV/made-from inputs had=
    inputs=$(venv_inputs)
    if [[ -x $VENV/bin/python && -e $stamp ]] && grep -qFx "$inputs" "$stamp"; then
        had=$(sed -n 's/^extras //p' "$stamp")
        covers "$had" "$extras" && return
        extras=$(printf '%s,%s' "$had" "$extras" | tr , '\n' | sort -u | paste -sd,)
    elif demo_lives; then
        die "The demonstration runs from .venv, which must be made again: bash docker/demo.sh stop, then start again."
    fi
    step "Python packages [$extras] for $("$PYTHON_FOUND" -V)" make_venv "$extras" "$inputs" "$had"
}

covers() { # HAD WANTED
    local one
    for one in ${2//,/ }; do
        [[ ,$1, == *,$one,* ]] || return 1
    done
}

make_venv() { # EXTRAS INPUTS HAD: in place, for a .venv cannot be moved; the stamp comes last, so half a .venv is made again
    rm -f "$VENV/made-from"
    [[ $3 ]] || "$PYTHON_FOUND" -m venv --clear "$VENV"
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off --retries 5 \
        -c "$ROOT/docker/constraints.txt" -e "${ROOT}[$1]"
    printf '%s\nextras %s\n' "$2" "$1" >"$VENV/made-from"
}
