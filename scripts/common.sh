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

# unpack_packages NAME SUITE PACKAGE…: fetch packages of a Debian suite, and what they depend on, and
# unpack them into .cache/NAME/root, without installing them and without root.
#
# apt works here in folders of its own: the system's package state is neither read nor changed. Its
# signature check stays on, against the keyring that the system already has. The machine's own
# configuration knows which mirror to use.
unpack_packages() {
    local name=$1 suite=$2 keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    local mirror here apt options
    shift 2
    [ -r "$keyring" ] || die "Debian's keyring is missing; run: apt-get install debian-archive-keyring"
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' \
        "Release: $(system_suite)" | sed -n 1p)
    [ -n "$mirror" ] || die "apt's own configuration names no Debian mirror; add one and run again"

    here=$PWD/$CACHE/$name
    apt=$here/apt
    mkdir -p "$apt"/state/lists/partial "$apt"/cache/archives/partial
    : >"$apt/status"
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" >"$apt/sources.list"
    options=(
        -o Dir::State="$apt/state" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache"
        -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
        -o APT::Install-Recommends=false -o APT::Sandbox::User="$(id -un)"
        -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3 -o Debug::NoLocking=1
    )
    run "$name-lists" apt-get "${options[@]}" update
    # apt keeps what it has, so an interrupted download goes on where it stood.
    run "$name-download" apt-get "${options[@]}" -y --download-only install "$@"
    run "$name-unpack" unpack_archives "$apt/cache/archives" "$here/root.part"
    # Only a whole tree ever bears the final name.
    rm -rf "$here/root"
    mv "$here/root.part" "$here/root"
    rm -rf "$apt"
}

unpack_archives() {
    local archive
    rm -rf "$2"
    mkdir "$2" || return
    for archive in "$1"/*.deb; do
        dpkg-deb -x "$archive" "$2" || return
    done
}

# The name of the Debian release that runs here: bookworm.
system_suite() { (. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}"); }
