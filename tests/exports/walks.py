"""A study with everything an export can hold, and people who take it with answers a test knows."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from app.exports.base import Format
from app.exports.service import export
from app.web.db import Database
from tests.factories import make_study
from tests.walker import Walker, form_of

CHANGES: dict[str, Any] = {
    "comment": "optional",
    "own_answer": "before",
    "attention": {"count": 1},
    "questionnaire": [
        {"key": "age", "text": "Age", "options": ["young", "old"]},
        {"key": "feedback", "text": "Anything else?", "kind": "text"},
    ],
    "recruitment": {"platform": "prolific", "codes": {"completed": "DONE"}},
}
COMMENTS = ["=1+1", 'Yes, "so",\r\nit is – 😀', "", "-2 is fine"]


@dataclass
class Walk:
    """What one person sent: ratings by position, in the order of the constructs."""

    code: str
    ratings: dict[int, tuple[int, int]] = field(default_factory=dict)
    comments: dict[int, str] = field(default_factory=dict)


def set_up(database: Database, **changes: Any) -> None:
    with database.transaction(writing=True) as session:
        make_study(session, **{**CHANGES, **changes})


def pid_of(name: str) -> str:
    """An id as Prolific writes them, of a short name; one that is written so already stays."""
    return name if len(name) == 24 else name.encode().hex().zfill(24)  # letters of a PID


def take(
    web: TestClient,
    *,
    external_id: str = "",
    items: int = 4,
    passes_check: bool = False,
    shift: int = 0,
    query: dict[str, str] | None = None,
) -> Walk:
    """Take the study in a browser of one's own, up to `items` items; with all of them to the end."""
    web.cookies.clear()
    known = (
        {"PROLIFIC_PID": pid_of(external_id), "STUDY_ID": "st1", "SESSION_ID": "se1"} if external_id else {}
    )
    walker = Walker(web, query=known | (query or {}))
    walk = Walk(walker.start())
    walker.prepare()
    while walker.place != "done" and len(walk.ratings) < items:
        step(walker, walk, passes_check=passes_check, shift=shift)
    while items == 4 and walker.place != "done":
        step(walker, walk, passes_check=passes_check, shift=shift)
    return walk


def step(walker: Walker, walk: Walk, *, passes_check: bool, shift: int) -> None:
    kind, _, number = walker.place.partition("/")
    if kind == "rate":
        position = int(number)
        given = ((position + shift) % 5 + 1, (position + shift + 2) % 5 + 1)
        comment = COMMENTS[position - 1]
        answer = walker.send(rating_1=str(given[0]), rating_2=str(given[1]), comment=comment)
        walk.ratings[position], walk.comments[position] = given, comment.replace("\r\n", "\n")
    elif kind == "check":
        answer = walker.send(choice=asked(walker) if passes_check else "3")  # the midpoint is never asked
    elif kind == "questionnaire":
        answer = walker.send(answer_1="2", answer_2="@me; +1")
    else:
        answer = walker.send(choice="2")
    assert answer.status_code == 303, answer.text


def asked(walker: Walker) -> str:
    form = form_of(walker.look())
    labels = sorted(form.choices["choice"].items(), key=lambda pair: -len(pair[1]))
    return next(value for value, label in labels if f"'{label}'" in form.legends[0])


def exported(database: Database, folder: Path, export_format: Format, **options: Any) -> list[dict[str, str]]:
    """The rows of an export, as a reader of the file finds them."""
    out = folder / f"{export_format}.csv"
    with database.snapshot() as session:
        export(session, "small", export_format, out, **options)
    return read_rows(out)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def header(path: Path) -> Sequence[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream))
