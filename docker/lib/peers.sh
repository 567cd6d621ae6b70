# shellcheck shell=bash
# Other people's scorers that the benchmark measures ours beside, where the extra "bench" is not enough. Sourced, never run.

# Without what they ask for: older packages than ours, while they run with ours. The versions are in constraints.txt.
PEERS=(panoptica picai-eval report-guided-annotation)

need_peers() { step "Scorers to measure ours beside" install_peers; }

install_peers() { # the benchmark's table says why a peer is missing; that is no reason to test nothing
    local peer
    for peer in "${PEERS[@]}"; do
        "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off --retries 5 --no-deps \
            -c "$ROOT/docker/constraints.txt" "$peer" || echo "$peer does not install here"
    done
}
