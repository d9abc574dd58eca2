# SPDX-License-Identifier: EUPL-1.2
"""The script of a technician: who they are, which language, where the migrant is, and waiting."""
