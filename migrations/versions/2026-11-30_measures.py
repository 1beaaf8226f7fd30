"""measures

What is counted in an explanation stands in columns of its own, from which pages count and filter; existing rows
are measured as new ones are. Going down makes the list of warnings of them again.

Revision ID: 0009
Revises: 0008
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.contract.text_measures import measure

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

CHUNK = 1_000
WARNINGS = {
    'missing_marker': 'is_marker_missing',
    'truncated': 'is_truncated',
    'empty': 'is_empty',
    'repetitive': 'is_repetitive',
    'contradicting': 'is_contradicting',
}
MEASURES = {
    'is_answer_correct': sa.Boolean(),
    'answer_key': sa.BigInteger(),
    'word_count': sa.Integer(),
    'character_count': sa.Integer(),
    'distractors_mentioned': sa.Integer(),
    **dict.fromkeys(WARNINGS.values(), sa.Boolean()),
}
EXPLANATION = sa.table(
    'explanation',
    *(sa.column(name) for name in ('id', 'run_id', 'question_id', 'predicted_answer', 'shown_text')),
    sa.column('flags', sa.JSON(none_as_null=True)),
    *(sa.column(name, kind) for name, kind in MEASURES.items()),
)
QUESTION = sa.table('question', sa.column('id'), sa.column('choices', sa.JSON()), sa.column('correct_answer'))


def upgrade() -> None:
    for name, kind in MEASURES.items():
        op.add_column('explanation', sa.Column(name, kind, nullable=True))
    ask = sa.select(EXPLANATION, QUESTION).join(QUESTION, QUESTION.c.id == EXPLANATION.c.question_id)
    store(measured(row) for row in rows(ask))
    with op.batch_alter_table('explanation') as batch_op:
        for name, kind in MEASURES.items():
            batch_op.alter_column(name, existing_type=kind, nullable=False)
        batch_op.drop_column('flags')
    op.create_index('ix_explanation_measures', 'explanation', ['run_id', 'question_id', *MEASURES])


def measured(row: Any) -> dict[str, Any]:
    noted = row.flags or []
    found = asdict(measure(row.shown_text, row.predicted_answer, row.choices, row.correct_answer))
    return {
        'number': row.id,
        'is_marker_missing': 'missing_marker' in noted,
        'is_truncated': 'truncated' in noted,
        # What is measured since has its column from a later migration.
        **{name: value for name, value in found.items() if name in MEASURES},
    }


def rows(statement: sa.Select[Any]) -> Iterator[Any]:
    """All rows in the order of their ids, some at a time: they are changed while they are read."""
    last, connection = 0, op.get_bind()
    while True:
        page = statement.where(EXPLANATION.c.id > last).order_by(EXPLANATION.c.id).limit(CHUNK)
        found = connection.execute(page).all()
        if not found:
            return
        yield from found
        last = found[-1].id


def store(changes: Iterator[dict[str, Any]]) -> None:
    for change in changes:
        number = change.pop('number')
        op.execute(EXPLANATION.update().where(EXPLANATION.c.id == number).values(change))


def downgrade() -> None:
    op.add_column('explanation', sa.Column('flags', sa.JSON(), nullable=True))
    ask = sa.select(EXPLANATION).where(EXPLANATION.c.run_id.is_not(None))
    store(
        {'number': row.id, 'flags': [name for name, column in WARNINGS.items() if getattr(row, column)]}
        for row in rows(ask)
    )
    op.drop_index('ix_explanation_measures', 'explanation')
    with op.batch_alter_table('explanation') as batch_op:
        for name in MEASURES:
            batch_op.drop_column(name)
