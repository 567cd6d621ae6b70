# shellcheck shell=bash
# The .venv: made from pyproject.toml under docker/constraints.txt, and made again when they change. Sourced, never run.

venv_inputs() { # the hash of what a .venv is made from; it knows where it lies, so that counts too
    cat "$ROOT/pyproject.toml" "$ROOT/docker/constraints.txt" <(printf '%s' "$ROOT") | sha256sum | cut -c1-16
}

venv_runs() { # on the Python that was asked for, if one was
    [[ $("$VENV/bin/python" -V 2>/dev/null) == "${PYTHON:+$("$PYTHON" -V)}"* ]] && "$VENV/bin/python" -c '' 2>/dev/null
}

need_venv() { # EXTRAS: comma-separated
    local extras=$1 stamp=$VENV/made-from inputs had=
    inputs=$(venv_inputs)
    if venv_runs && grep -qsFx "inputs $inputs" "$stamp"; then
        had=$(sed -n 's/^extras //p' "$stamp")
        if covers "$had" "$extras"; then return; fi
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
    # Python compiles what is imported, a small part of it, by itself.
    "$VENV/bin/python" -m pip install --no-compile --disable-pip-version-check --no-input --progress-bar off \
        --retries 5 -c "$ROOT/docker/constraints.txt" -e "${ROOT}[$1]"
    printf 'inputs %s\nextras %s\n' "$2" "$1" >"$VENV/made-from"
}
