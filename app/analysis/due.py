"""Every text that was due to somebody: those that were rated, and the one at which a person left."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.analysis.material import VERSION
from app.models import Assignment, Condition, Item, Participant, StudyVersion

COLUMNS = ("participant", VERSION, "position", "condition", "previous", "left")


def due_texts(
    session: Session, who: ColumnElement[bool], statuses: Mapping[str, str], labels: Mapping[str, str]
) -> pd.DataFrame:
    """A row for each, of the participants in `statuses`. `previous`: the condition rated before it.

    Who dropped out left at the first text that they did not rate: they saw it, or were to see it next. Who
    rated all left later. Who is under way, or was excluded, is there as far as they had come.
    """
    statement = (
        select(
            Participant.pseudonym,
            StudyVersion.number,
            Assignment.position,
            Condition.key,
            Assignment.state,
        )
        .join_from(Assignment, Participant, Participant.id == Assignment.participant_id)
        .join(StudyVersion, StudyVersion.id == Participant.version_id)
        .join(Item, Item.id == Assignment.item_id)
        .join(Condition, Condition.id == Item.condition_id)
        .where(who)
        .order_by(Participant.pseudonym, Assignment.position)
    )
    rows = (row for row in session.execute(statement) if row.pseudonym in statuses)
    return pd.DataFrame(list(places(rows, statuses, labels)), columns=COLUMNS)


def places(
    rows: Iterator[Any], statuses: Mapping[str, str], labels: Mapping[str, str]
) -> Iterator[tuple[Any, ...]]:
    name, previous, has_left = "", None, False
    for row in rows:
        if row.pseudonym != name:
            name, previous, has_left = row.pseudonym, None, False
        is_rated = row.state == "answered"
        leaves_here = statuses[name] == "dropped" and not is_rated and not has_left
        if is_rated or leaves_here:
            condition = labels[row.key]
            yield name, row.number, row.position, condition, previous, leaves_here
            previous, has_left = condition, has_left or leaves_here
