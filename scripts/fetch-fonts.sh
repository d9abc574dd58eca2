#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# Fetch the fonts of the languages' card and unpack them into .cache/fonts/root, where
# `stt-bridge languages card` finds them. Where both packages are installed, none of this is needed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

command -v apt-get >/dev/null || die "apt-get not found; install Noto's fonts and WenQuanYi Micro Hei"
unpack_packages fonts "$(system_suite)" fonts-noto-core fonts-wqy-microhei
