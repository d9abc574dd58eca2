#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# Fetch Asterisk from Debian's testing suite and unpack it into .cache/asterisk/root, from where it
# runs without being installed and without root. Debian 12 itself has no Asterisk.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

command -v apt-get >/dev/null || die "apt-get not found; install Asterisk 22.10.1 or newer yourself"
unpack_packages asterisk forky asterisk asterisk-moh-opsound-wav
