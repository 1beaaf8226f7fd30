"""Who was faster than anybody reads: a mark for the study team, which excludes and refuses nobody.

Adults read about 240 words of English a minute silently (Brysbaert 2019, doi:10.1016/j.jml.2019.104047), and
skim a few hundred. Whoever took less time for most items than 1,000 words a minute would, ratings included,
has not read them. Texts that are written without spaces have few words by this count, so they mark nobody.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.contract.text_measures import count_words
from app.models import Assignment, Item, Participant, Response

WORDS_PER_MINUTE = 1_000
CHUNK = 1_000
Words = tuple[int, int]  # of a question with its choices, and of the explanation


def too_fast(session: Session, who: ColumnElement[bool]) -> set[int]:
    """The ids of those who finished and were below the floor in more than half of their items."""
    ended = who & Participant.status.in_(("completed", "excluded")) & Participant.finished_at.is_not(None)
    words = shown_words(session, ended)
    statement = (
        select(
            Participant.id,
            Participant.dealt_at,
            Assignment.item_id,
            Assignment.own_answer,
            Response.submitted_at,
            Response.duration_ms,
        )
        .join_from(Response, Assignment, Assignment.id == Response.assignment_id)
        .join(Participant, Participant.id == Assignment.participant_id)
        .where(ended)
        .order_by(Participant.id, Assignment.position)
        .execution_options(yield_per=CHUNK)
    )
    rows = groupby(session.execute(statement), key=lambda row: row.id)
    return {person for person, mine in rows if is_too_fast(timed(mine, words))}


def shown_words(session: Session, who: ColumnElement[bool]) -> dict[int, Words]:
    """How many words each item has that one of these people rated; the texts are not kept."""
    rated = select(Assignment.item_id).join(Participant).where(who, Assignment.state == "answered")
    texts = select(Item.id, Item.premise, Item.question, Item.choices, Item.explanation)
    found = session.execute(texts.where(Item.id.in_(rated)).execution_options(yield_per=CHUNK))
    return {
        row.id: (
            sum(map(count_words, (row.premise or "", row.question, *row.choices))),
            count_words(row.explanation),
        )
        for row in found
    }


def timed(rows: Iterable[Any], words: dict[int, Words]) -> Iterator[tuple[int, float]]:
    """Words and milliseconds of each item of one person, in order.

    Where the browser did not tell when the item was shown, the time since the answer before stands in, which
    is longer: who leaves the time out gains nothing. Who answered first has read the question before.
    """
    before: datetime | None = None
    for row in rows:
        question, explanation = words[row.item_id]
        since = before or row.dealt_at or row.submitted_at
        elapsed_ms = (row.submitted_at - since).total_seconds() * 1000
        shown = explanation if row.own_answer is not None else question + explanation
        yield shown, elapsed_ms if row.duration_ms is None else row.duration_ms
        before = row.submitted_at


def is_too_fast(items: Iterable[tuple[int, float]]) -> bool:
    """Whether more than half of the items, each its words and milliseconds, were below the floor."""
    below = [milliseconds < words * 60_000 / WORDS_PER_MINUTE for words, milliseconds in items]
    return 2 * sum(below) > len(below)
