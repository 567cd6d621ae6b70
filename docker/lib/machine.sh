# shellcheck shell=bash
# What the machine must have: room, programs, a Python. Sourced, never run.

POLICY=/usr/sbin/policy-rc.d

need_room() { # PATH GIGABYTES WHAT FOR
    local there=$1 free
    until [[ -d $there ]]; do there=$(dirname "$there"); done
    free=$(df --output=avail -B1G "$there" | tail -n 1)
    ((free >= $2)) || die "Only $((free)) GB are free under $there, and $3 needs $2 GB: free some space and start again."
}

need_x86_64() {
    [[ $(uname -m) == x86_64 ]] || die "Submissions are linux/amd64 images, and this machine is $(uname -m): use an x86_64 machine."
}

MISSING=() # packages that the step "system packages" installs

need_program() { # PACKAGES PROGRAM…: any of the programs will do
    local packages=$1 program
    shift
    for program in "$@"; do
        command -v "$program" >/dev/null && return
    done
    # shellcheck disable=SC2206 # a list of packages is meant to be split
    MISSING+=($packages)
}

need_layout() { # what report cards are laid out with as PDF: WeasyPrint loads these
    local known
    known=$(ldconfig -p)
    [[ $known == *libpango-1.0.so.0* && $known == *libpangoft2-1.0.so.0* ]] || MISSING+=(libpango-1.0-0 libpangoft2-1.0-0)
    [[ $known == *libharfbuzz-subset.so.0* ]] || MISSING+=(libharfbuzz-subset0)
}

install_missing() {
    ((${#MISSING[@]})) || return 0
    if ! as_root || ! command -v apt-get >/dev/null; then
        die "Missing: ${MISSING[*]}. Install with: sudo apt-get install --no-install-recommends ${MISSING[*]}"
    fi
    step "Installing ${MISSING[*]} with apt" apt_install "${MISSING[@]}"
    MISSING=()
    hash -r
}

apt_install() { # PACKAGE…: waits for another apt, mends an interrupted one, and starts no service
    local apt=(apt-get -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)
    export DEBIAN_FRONTEND=noninteractive
    deny_services
    trap allow_services EXIT
    dpkg --configure -a
    apt_update
    "${apt[@]}" install --no-install-recommends "$@"
}

apt_update() { # an unreachable extra source is no reason to stop
    apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 update || echo "apt-get update failed; going on with the lists there are"
}

deny_services() { # Debian starts services as it installs them; we start our own, where we need them
    [[ -e $POLICY ]] && ! grep -q cancer-imaging-leaderboard "$POLICY" && return
    printf '#!/bin/sh\n# cancer-imaging-leaderboard: only while it installs packages\nexit 101\n' >"$POLICY"
    chmod 755 "$POLICY"
}

allow_services() {
    if grep -qs cancer-imaging-leaderboard "$POLICY"; then rm -f "$POLICY"; fi
}

find_python() { # prints the first Python from 3.11 to 3.13; PYTHON names another to try first
    local candidate
    for candidate in "${PYTHON:-python3.11}" python3.11 python3.12 python3.13 python3 /usr/bin/python3; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
}

need_python() { # sets PYTHON_FOUND
    PYTHON_FOUND=$(find_python)
    if [[ -z $PYTHON_FOUND ]]; then
        MISSING+=(python3 python3-venv)
    elif ! "$PYTHON_FOUND" -c 'import ensurepip' 2>/dev/null; then
        MISSING+=(python3-venv)
    fi
}

check_python() { # after the packages are there
    PYTHON_FOUND=$(find_python)
    [[ $PYTHON_FOUND ]] || die "No Python 3.11, 3.12 or 3.13 is on the PATH: install one, or name it in PYTHON=."
    "$PYTHON_FOUND" -c 'import ensurepip' 2>/dev/null ||
        die "$PYTHON_FOUND cannot make virtual environments: install its venv package, or name another Python in PYTHON=."
}
