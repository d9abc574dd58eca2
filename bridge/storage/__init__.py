# SPDX-License-Identifier: EUPL-1.2
"""The database: engine, transactions, migrations."""
