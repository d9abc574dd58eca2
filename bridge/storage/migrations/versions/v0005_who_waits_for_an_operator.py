# SPDX-License-Identifier: EUPL-1.2
"""Which call-backs wait until an operator is on duty."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.add_column("opening_call_back", sa.Column("for_operator", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Undo the change: they are rung in the line's hours, like the others."""
    op.drop_column("opening_call_back", "for_operator")
