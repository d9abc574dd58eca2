# SPDX-License-Identifier: EUPL-1.2
"""When an interpreter who does not answer was told so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    told = sa.Column("told_not_answering", sa.DateTime(timezone=True), nullable=True)
    op.add_column("interpreter", told)


def downgrade() -> None:
    """Undo the change."""
    op.drop_column("interpreter", "told_not_answering")
