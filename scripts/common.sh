# SPDX-License-Identifier: EUPL-1.2
# Shared by the scripts of set-up. Source it from the repository's root.

CACHE=.cache
LOGS=$CACHE/log
mkdir -p "$LOGS" "$CACHE/stamps"

say() { printf '%s\n' "$*"; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# run NAME COMMAND…: run a long command with a sign of life; its output goes to a log, whose end is
# shown when the command fails.
run() {
    local name=$1 log ticker status=0 started=$SECONDS
    shift
    log=$LOGS/$name.log
    (
        trap 'kill $! 2>/dev/null; exit 0' TERM INT
        while sleep 10 & wait $!; do
            printf '    … %s: %d s so far\n' "$name" $((SECONDS - started))
        done
    ) 9>&- &
    ticker=$!
    # shellcheck disable=SC2064
    trap "kill $ticker 2>/dev/null || true; printf '\ninterrupted; run the same command again to go on\n' >&2; exit 130" INT TERM
    # The lock (9) is not for what a package starts for good, such as a database.
    "$@" >"$log" 2>&1 9>&- || status=$?
    trap - INT TERM
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    if [ "$status" -ne 0 ]; then
        tail -n 20 "$log" >&2
        die "$name failed; the whole log is $log"
    fi
    say "    $name: done in $((SECONDS - started)) s"
}

# Stamps say that a step was done with exactly these inputs.
stamp_of() { cat -- "$@" | sha256sum | cut -d ' ' -f 1; }
stamped() { [ "$(cat "$CACHE/stamps/$1" 2>/dev/null)" = "$2" ]; }
stamp() {
    printf '%s\n' "$2" >"$CACHE/stamps/$1.part"
    mv "$CACHE/stamps/$1.part" "$CACHE/stamps/$1"
}
