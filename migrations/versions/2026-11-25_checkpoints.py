"""checkpoints

Students' checkpoints, generation runs and their batches; an explanation comes from a bundle or from a run.
Going down loses checkpoints, runs and what runs have written; studies keep their frozen items.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

import app.models

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

TIME = app.models.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        'checkpoint',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('reason', sa.String(), nullable=True),
        sa.Column('folder', sa.String(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('manifest', sa.JSON(), nullable=False),
        sa.Column('files', sa.JSON(), nullable=False),
        sa.Column('left_behind', sa.JSON(), nullable=False),
        sa.Column('model_sha256', sa.String(), nullable=False),
        sa.Column('tokenizer_sha256', sa.String(), nullable=False),
        sa.Column('trial', sa.JSON(), nullable=True),
        sa.Column('created_at', TIME, nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('leased_until', TIME, nullable=True),
        sa.Column('verified_at', TIME, nullable=True),
        sa.Column('retired_at', TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('registered', 'verifying', 'ready', 'failed', 'retired')",
            name=op.f('checkpoint_state_check'),
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('checkpoint_pkey')),
        sa.UniqueConstraint('folder', name=op.f('checkpoint_folder_key')),
        sa.UniqueConstraint('name', name=op.f('checkpoint_name_key')),
    )
    op.create_table(
        'generation_run',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('checkpoint_id', sa.Integer(), nullable=False),
        sa.Column('question_set_id', sa.Integer(), nullable=False),
        sa.Column('way', sa.String(), nullable=False),
        sa.Column('precision', sa.String(), nullable=False),
        sa.Column('seed', sa.Integer(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('reason', sa.String(), nullable=True),
        sa.Column('total', sa.Integer(), nullable=False),
        sa.Column('created_at', TIME, nullable=False),
        sa.Column('finished_at', TIME, nullable=True),
        sa.CheckConstraint("precision IN ('fp32', 'bf16')", name=op.f('generation_run_precision_check')),
        sa.CheckConstraint(
            "state IN ('running', 'complete', 'failed', 'cancelled')", name=op.f('generation_run_state_check')
        ),
        sa.ForeignKeyConstraint(
            ['checkpoint_id'], ['checkpoint.id'], name=op.f('generation_run_checkpoint_id_fkey')
        ),
        sa.ForeignKeyConstraint(
            ['question_set_id'], ['question_set.id'], name=op.f('generation_run_question_set_id_fkey')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('generation_run_pkey')),
    )
    op.create_index(op.f('ix_generation_run_checkpoint_id'), 'generation_run', ['checkpoint_id'])
    op.create_table(
        'generation_batch',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('run_id', sa.Integer(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('question_ids', sa.JSON(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('worker', sa.String(), nullable=True),
        sa.Column('leased_until', TIME, nullable=True),
        sa.Column('not_before', TIME, nullable=False),
        sa.Column('error', sa.String(), nullable=True),
        sa.Column('duration_ms', sa.Integer(), nullable=True),
        sa.Column('finished_at', TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'leased', 'done', 'failed')", name=op.f('generation_batch_state_check')
        ),
        sa.ForeignKeyConstraint(
            ['run_id'], ['generation_run.id'], name=op.f('generation_batch_run_id_fkey')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('generation_batch_pkey')),
        sa.UniqueConstraint('run_id', 'number', name=op.f('generation_batch_run_id_number_key')),
    )
    with op.batch_alter_table('explanation') as batch_op:
        batch_op.alter_column('bundle_id', existing_type=sa.Integer(), nullable=True)
        batch_op.add_column(sa.Column('run_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('record', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('flags', sa.JSON(), nullable=True))
        batch_op.create_foreign_key(
            op.f('explanation_run_id_fkey'), 'generation_run', ['run_id'], ['id']
        )
        batch_op.create_unique_constraint(
            op.f('explanation_run_id_question_id_key'), ['run_id', 'question_id']
        )
        batch_op.create_check_constraint(
            op.f('explanation_source_check'), '(bundle_id IS NULL) <> (run_id IS NULL)'
        )


def downgrade() -> None:
    op.execute('DELETE FROM explanation WHERE run_id IS NOT NULL')
    with op.batch_alter_table('explanation') as batch_op:
        batch_op.drop_constraint(op.f('explanation_source_check'), type_='check')
        batch_op.drop_constraint(op.f('explanation_run_id_question_id_key'), type_='unique')
        batch_op.drop_constraint(op.f('explanation_run_id_fkey'), type_='foreignkey')
        batch_op.drop_column('flags')
        batch_op.drop_column('record')
        batch_op.drop_column('run_id')
        batch_op.alter_column('bundle_id', existing_type=sa.Integer(), nullable=False)
    op.drop_table('generation_batch')
    op.drop_table('generation_run')
    op.drop_table('checkpoint')
