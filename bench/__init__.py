# SPDX-License-Identifier: EUPL-1.2
"""Measurements that anybody can repeat: each prints its figures, the last line as JSON."""
