#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# Fetch Asterisk from Debian's testing suite and unpack it into .cache/asterisk/root, from where it
# runs without being installed and without root. Debian 12 itself has no Asterisk.
#
# apt works here in folders of its own: the system's package state is neither read nor changed. Its
# signature check stays on, against the keyring that the system already has.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

SUITE=forky
PACKAGES=(asterisk asterisk-moh-opsound-wav)
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

command -v apt-get >/dev/null || die "apt-get not found; install Asterisk 22.10.1 or newer yourself"
[ -r "$KEYRING" ] || die "Debian's keyring is missing; run: apt-get install debian-archive-keyring"

# The machine's own configuration knows which mirror to use.
codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Release: $codename" |
    sed -n 1p)
[ -n "$mirror" ] || die "apt's own configuration names no Debian mirror; add one and run again"

here=$PWD/$CACHE/asterisk
apt=$here/apt
mkdir -p "$apt"/state/lists/partial "$apt"/cache/archives/partial
: >"$apt/status"
printf 'deb [signed-by=%s] %s %s main\n' "$KEYRING" "$mirror" "$SUITE" >"$apt/sources.list"
options=(
    -o Dir::State="$apt/state" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache"
    -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o APT::Install-Recommends=false -o APT::Sandbox::User="$(id -un)"
    -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3 -o Debug::NoLocking=1
)

run asterisk-lists apt-get "${options[@]}" update
# apt keeps what it has, so an interrupted download goes on where it stood.
run asterisk-download apt-get "${options[@]}" -y --download-only install "${PACKAGES[@]}"

unpack() {
    local archive
    rm -rf "$here/root.part"
    mkdir "$here/root.part"
    for archive in "$apt"/cache/archives/*.deb; do
        dpkg-deb -x "$archive" "$here/root.part"
    done
}
run asterisk-unpack unpack
# Only a whole tree ever bears the final name.
rm -rf "$here/root"
mv "$here/root.part" "$here/root"
rm -rf "$apt"
