#!/bin/bash
# keep.sh COMMAND…: runs a process, and runs it again when it dies, until TERM. TERM goes on to the main process
# alone, which ends its own children; after 10 s, and whenever the main process has died, what is left is killed.
set -um
stopping=

run() {
    "$@" &
    child=$!
}

ended() { ! kill -0 "$child" 2>/dev/null; }

stop() {
    stopping=1
    kill -TERM "$child" 2>/dev/null
    for ((tries = 0; tries < 100; tries++)); do
        ended && break
        sleep 0.1
    done
    kill -KILL -- "-$child" 2>/dev/null
}

trap stop TERM INT
until [[ $stopping ]]; do
    began=$SECONDS
    run "$@"
    wait "$child"
    code=$?
    [[ $stopping ]] && break
    kill -KILL -- "-$child" 2>/dev/null
    printf '%s ended with %d; starting it again\n' "$1" "$code"
    ((SECONDS - began < 5)) && sleep 2
done
