"""erasing

Of an erased visit, the page that its person still sees. Going down loses which visits were erased.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('participant', sa.Column('last_page', sa.String(), nullable=True))


def downgrade() -> None:
    # Not in a batch: SQLite would make the table anew, which the rows that refer to it forbid.
    op.drop_column('participant', 'last_page')
