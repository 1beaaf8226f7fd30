"""jobs

Heavy work that staff ask for stands in the database. Going down loses which jobs there were.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

import app.models

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

TIME = app.models.UtcDateTime(timezone=True)
UNDER_WAY = sa.text("state IN ('waiting', 'running')")


def upgrade() -> None:
    op.create_table(
        'job',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('subject', sa.String(), nullable=False),
        sa.Column('study_id', sa.Integer(), nullable=False),
        sa.Column('arguments', sa.JSON(), nullable=False),
        sa.Column('actor', sa.String(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('done', sa.Integer(), nullable=True),
        sa.Column('total', sa.Integer(), nullable=True),
        sa.Column('result', sa.JSON(), nullable=True),
        sa.Column('reason', sa.String(), nullable=True),
        sa.Column('folder', sa.String(), nullable=True),
        sa.Column('is_stale', sa.Boolean(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('worker', sa.String(), nullable=True),
        sa.Column('leased_until', TIME, nullable=True),
        sa.Column('created_at', TIME, nullable=False),
        sa.Column('started_at', TIME, nullable=True),
        sa.Column('finished_at', TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name=op.f('job_state_check')
        ),
        sa.ForeignKeyConstraint(['study_id'], ['study.id'], name=op.f('job_study_id_fkey')),
        sa.PrimaryKeyConstraint('id', name=op.f('job_pkey')),
    )
    op.create_index(op.f('ix_job_study_id'), 'job', ['study_id'])
    op.create_index(
        'ix_job_one_under_way',
        'job',
        ['kind', 'subject'],
        unique=True,
        sqlite_where=UNDER_WAY,
        postgresql_where=UNDER_WAY,
    )


def downgrade() -> None:
    op.drop_table('job')
