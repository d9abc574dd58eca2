# SPDX-License-Identifier: EUPL-1.2
"""A telephone network in a box: a second Asterisk whose phones are played by programs."""
