# SPDX-License-Identifier: EUPL-1.2
"""The commands of `stt-bridge`, a module for each feature; cli.py gathers them."""
