#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# Recompile requirements/: every package with its version and hashes, and no address of an index.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    local target=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header --no-annotate "$@" \
        --output-file "requirements/$target.part" pyproject.toml
    {
        printf '# SPDX-License-Identifier: EUPL-1.2\n# Made by: make lock\n'
        cat "requirements/$target.part"
    } >"requirements/$target"
    rm -f "requirements/$target.part"
}

compile runtime.txt
compile dev.txt --group dev --constraint requirements/runtime.txt
if grep -nE '://|file:|^-' requirements/*.txt; then
    echo "error: a requirements file names an address; see the lines above" >&2
    exit 1
fi
