#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# Bring a fresh Debian to the point where `make demo` and `make test` run. Every step looks first
# whether it is needed, may be interrupted, and goes on where it stood when run again.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

# One set-up at a time: a second one waits, and then finds everything done.
exec 9>"$CACHE/setup.lock"
flock 9

find_python() {
    local candidate
    for candidate in python3.11 python3 python3.12 python3.13 python3.14; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

# --- 1: packages of the system ------------------------------------------------------------------

PYTHON=$(find_python)
[ -n "$PYTHON" ] || die "no Python 3.11 or newer found; install it with: apt-get install python3"

missing=()
if [ ! -x .venv/bin/python ] && ! "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null; then
    missing+=("python$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv")
fi
command -v espeak-ng >/dev/null || missing+=(espeak-ng)
command -v sox >/dev/null || missing+=(sox)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)

if [ "${#missing[@]}" -gt 0 ]; then
    say "System packages: ${missing[*]}"
    if [ "$(id -u)" -eq 0 ]; then
        as_root=()
    elif command -v sudo >/dev/null; then
        as_root=(sudo)
        sudo -v || die "sudo refused; ask an administrator for: apt-get install ${missing[*]}"
    else
        die "these packages are missing and there is neither root nor sudo to install them;" \
            "ask an administrator for: apt-get install ${missing[*]}"
    fi
    command -v apt-get >/dev/null || die "apt-get not found; install these yourself: ${missing[*]}"
    run package-lists "${as_root[@]}" apt-get update
    run packages "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}"
fi

# --- 2: the Python environment ------------------------------------------------------------------

want=$(stamp_of requirements/dev.txt pyproject.toml <("$PYTHON" -VV))
if ! stamped python "$want" || [ ! -x .venv/bin/stt-bridge ]; then
    say "Python environment in .venv"
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        rm -rf .venv
        run virtual-environment "$PYTHON" -m venv .venv
    fi
    run python-packages .venv/bin/python -m pip install --disable-pip-version-check \
        --require-hashes --requirement requirements/dev.txt
    run this-project .venv/bin/python -m pip install --disable-pip-version-check \
        --no-deps --no-build-isolation --no-index --editable .
    stamp python "$want"
fi

# --- 3: Asterisk --------------------------------------------------------------------------------

if ! .venv/bin/python -m lab.asterisk >/dev/null 2>&1; then
    say "Asterisk, unpacked into $CACHE/asterisk (about 80 MB to fetch)"
    scripts/fetch-asterisk.sh
    .venv/bin/python -m lab.asterisk || die "the fetched Asterisk does not serve; see above"
fi

# --- 4: fonts -----------------------------------------------------------------------------------

fonts_serve() {
    .venv/bin/python -c 'if True:
        from pathlib import Path
        from bridge.languages import card, model
        card.find_fonts(model.load_languages(), Path(".cache/fonts"))'
}

if ! fonts_serve 2>/dev/null; then
    say "Fonts of the languages' card, unpacked into $CACHE/fonts (about 14 MB to fetch)"
    scripts/fetch-fonts.sh
    fonts_serve || die "the fetched fonts do not serve; see above"
fi

# --- 5: prompts ---------------------------------------------------------------------------------

prompt_sources=$(find bridge/prompts bridge/languages -type f ! -name '*.pyc' | LC_ALL=C sort)
# shellcheck disable=SC2086
want=$(stamp_of $prompt_sources)
if ! stamped prompts "$want" || [ ! -d var/prompts ]; then
    say "Prompts, rendered into var/prompts"
    run prompts .venv/bin/stt-bridge prompts build
    stamp prompts "$want"
fi
