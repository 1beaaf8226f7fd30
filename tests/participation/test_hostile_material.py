"""Questions and explanations that would like to be more than text: on the page they are text."""

import json
import re
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from app.bundles.service import import_bundle, prepare
from app.contract.question_set import read_question_set
from app.models import Explanation
from app.questions.service import import_questions
from app.studies.service import launch, save_draft
from app.web.db import Database
from tests.factories import make_definition
from tests.walker import Walker

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
OVERRIDE, ISOLATE = "\u202e", "\u2067"
TEMPLATE = "{{ 7 * 7 }}{% raw %}"
EXPLANATION = f"{SCRIPT} {IMAGE} </p></section>{OVERRIDE}neddih{ISOLATE} \x1b[2J\x07\x9b {TEMPLATE} &lt; الف."
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"
CHOICES = [f"yes {SCRIPT}", f"no{OVERRIDE}", IMAGE]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def set_up(database: Database, folder: Path) -> None:
    asked = [
        {
            "id": f"{number}{IMAGE}",
            "premise": f"{number} {SCRIPT}",
            "question": f"{number} {IMAGE}{OVERRIDE}?",
            "choices": CHOICES,
            "answer": CHOICES[0],
        }
        for number in range(8)
    ]
    rows = [
        {
            "question_id": row["id"],
            "premise": row["premise"],
            "question": row["question"],
            "choices": CHOICES,
            "correct_answer": CHOICES[0],
            "predicted_answer": f"none {SCRIPT}{OVERRIDE}",
            "explanation": EXPLANATION,
        }
        for row in asked
    ]
    with database.transaction(writing=True) as session:
        import_questions(session, read_question_set(write(folder / "asked.jsonl", asked), "cqa"), "set")
        for name in ("bundle-one", "bundle-two"):
            import_bundle(session, prepare(write(folder / "rows.jsonl", rows)), name, strict=True)
        save_draft(session, make_definition(own_answer="before"))
        launch(session, "small")


def test_a_study_of_hostile_material_is_walked_and_nothing_of_it_is_markup(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database, tmp_path)
    walker = Walker(web)
    walker.start()
    seen = set()
    while walker.place != "done":
        page = walker.look().text
        kind = walker.place.split("/")[0]
        seen.add(kind)
        for markup in (SCRIPT, "<img", "onerror=alert(1)>", "</section>\u202e"):
            assert markup not in page
        if kind in {"answer", "rate"}:
            assert page.count("<h1") == 1
            assert re.search(rf'{re.escape(ESCAPED)}</p>\s*<p class="eyebrow">Hypothesis', page)
        if kind == "rate":
            explained = page.split('class="reading"', 1)[1].split("</p>", 1)[0]
            assert f"{ESCAPED} &#34;&gt;&lt;img src=x onerror=alert(1)&gt; &lt;/p&gt;" in explained
            assert TEMPLATE in explained
            assert "&amp;lt; الف." in explained
            assert not {OVERRIDE, ISOLATE, "\x1b", "\x07", "\x9b"} & set(explained)
            assert "neddih" in explained
            # What is shown raw is closed in by an element whose direction ends with it.
            assert f'<b dir="auto">none {ESCAPED}{OVERRIDE}</b>' in page
            assert f'<li class="chip" dir="auto">no{OVERRIDE}</li>' in page
            assert "<bdi>" in page
        walker.answer()
    assert {"answer", "rate"} <= seen


def test_the_raw_text_is_kept_as_it_came(database: Database, tmp_path: Path) -> None:
    set_up(database, tmp_path)
    with database.transaction() as session:
        found = session.scalars(select(Explanation)).all()
    assert {explanation.raw_text for explanation in found} == {EXPLANATION}
    assert len({explanation.shown_text for explanation in found}) == 1
