"""coming back

A visit remembers the hash of its attempt, its number among the visits of its id, and whether it was too fast.
Going down keeps of each id the first visit's id alone, since only one had room.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

BEFORE = "'active', 'dropped', 'completed', 'declined', 'screened_out', 'turned_away', 'withdrawn', 'excluded'"
AFTER = f"{BEFORE}, 'replaced'"
IDS = ('external_id', 'external_hash')


def upgrade() -> None:
    with op.batch_alter_table('participant') as batch:
        batch.add_column(sa.Column('attempt_hash', sa.String(), nullable=True))
        batch.add_column(sa.Column('visit_number', sa.Integer(), nullable=False, server_default='1'))
        batch.add_column(sa.Column('is_same_id', sa.Boolean(), nullable=False, server_default=sa.false()))
        for column in IDS:
            batch.drop_constraint(op.f(f'participant_study_id_mode_{column}_key'), type_='unique')
            batch.create_unique_constraint(
                op.f(f'participant_study_id_mode_{column}_visit_number_key'),
                ['study_id', 'mode', column, 'visit_number'],
            )
        batch.drop_constraint(op.f('participant_status_check'), type_='check')
        batch.create_check_constraint(op.f('participant_status_check'), f'status IN ({AFTER})')


def downgrade() -> None:
    op.execute("UPDATE participant SET status = 'withdrawn' WHERE status = 'replaced'")
    op.execute('UPDATE participant SET external_id = NULL, external_hash = NULL WHERE visit_number > 1')
    with op.batch_alter_table('participant') as batch:
        for column in IDS:
            batch.drop_constraint(op.f(f'participant_study_id_mode_{column}_visit_number_key'), type_='unique')
            batch.create_unique_constraint(
                op.f(f'participant_study_id_mode_{column}_key'), ['study_id', 'mode', column]
            )
        batch.drop_constraint(op.f('participant_status_check'), type_='check')
        batch.create_check_constraint(op.f('participant_status_check'), f'status IN ({BEFORE})')
        for column in ('is_same_id', 'visit_number', 'attempt_hash'):
            batch.drop_column(column)
