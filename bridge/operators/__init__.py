# SPDX-License-Identifier: EUPL-1.2
"""The people of the line whom "0" reaches, and when they are on duty."""
