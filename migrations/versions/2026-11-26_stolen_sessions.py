"""stolen sessions

Attempts at passwords are counted here; a session knows when it was last used; a password may have to be
changed first. Sessions that there are count as used when they began.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

import app.models

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

TIME = app.models.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        'sign_in_attempts',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('account', sa.String(), nullable=False),
        sa.Column('count', sa.Integer(), nullable=False),
        sa.Column('ends_at', TIME, nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('sign_in_attempts_pkey')),
        sa.UniqueConstraint('name', name=op.f('sign_in_attempts_name_key')),
    )
    op.create_index(op.f('ix_sign_in_attempts_account'), 'sign_in_attempts', ['account'])
    op.create_index(op.f('ix_sign_in_attempts_ends_at'), 'sign_in_attempts', ['ends_at'])
    # Not in a batch: SQLite would make the table anew, which the rows that refer to it forbid.
    op.add_column(
        'user', sa.Column('must_change_password', sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column('user_session', sa.Column('last_seen_at', TIME, nullable=True))
    op.execute('UPDATE user_session SET last_seen_at = created_at')
    with op.batch_alter_table('user_session') as batch_op:
        batch_op.alter_column('last_seen_at', existing_type=TIME, nullable=False)


def downgrade() -> None:
    with op.batch_alter_table('user_session') as batch_op:
        batch_op.drop_column('last_seen_at')
    op.drop_column('user', 'must_change_password')
    op.drop_table('sign_in_attempts')
