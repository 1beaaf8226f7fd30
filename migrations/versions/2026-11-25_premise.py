"""premise

Questions and items may have a premise. Going down loses the premises there are.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('question', sa.Column('premise', sa.String(), nullable=True))
    op.add_column('item', sa.Column('premise', sa.String(), nullable=True))


def downgrade() -> None:
    # Not in a batch: SQLite would make the tables anew, which the rows that refer to them forbid.
    op.drop_column('item', 'premise')
    op.drop_column('question', 'premise')
