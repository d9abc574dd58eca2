# SPDX-License-Identifier: EUPL-1.2
"""Whom a call rings for an interpreter, wave by wave, until one accepts."""
