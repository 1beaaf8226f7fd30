"""exclusion reason

Why a researcher excluded a participant. Of those that were excluded before, no reason is known.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('participant', sa.Column('exclusion_reason', sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column('participant', 'exclusion_reason')
