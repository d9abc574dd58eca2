# SPDX-License-Identifier: EUPL-1.2
"""The institutions that may call, and their technicians."""
