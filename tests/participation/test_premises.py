"""A study whose questions have a premise: frozen, hashed, shown and exported, on both databases."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.bundles.service import import_bundle, prepare
from app.contract.base import sha256_of
from app.contract.question_set import read_question_set
from app.models import Item
from app.questions.service import import_questions
from app.studies.check import check
from app.studies.service import launch, save_draft
from app.web.db import Database
from tests.exports.walks import exported
from tests.factories import make_definition, make_study
from tests.walker import Walker

PRACTICE = {
    "premise": "A dog runs.",
    "question": "An animal moves.",
    "choices": ["entailment", "neutral", "contradiction"],
    "student_answer": 0,
    "explanation": "A dog is an animal.",
}
RELATIONS = ["entailment", "neutral", "contradiction"]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def set_up(database: Database, folder: Path, **changes: Any) -> None:
    """Eight e-SNLI pairs without ids, explained by two bundles whose rows have none either."""
    pairs = [{"premise": f"Man {n} & dog.", "hypothesis": "He <runs>.", "label": n % 3} for n in range(8)]
    rows = [
        {
            "question_id": None,
            "premise": pair["premise"],
            "question": pair["hypothesis"],
            "choices": RELATIONS,
            "correct_answer": RELATIONS[int(str(pair["label"]))],
            "predicted_answer": "neutral",
            "explanation": "It is not said.",
        }
        for pair in pairs
    ]
    with database.transaction(writing=True) as session:
        import_questions(session, read_question_set(write(folder / "esnli.jsonl", pairs), "esnli"), "set")
        for name in ("bundle-one", "bundle-two"):
            imported = import_bundle(session, prepare(write(folder / "rows.jsonl", rows)), name, strict=True)
            assert imported.bundle.counts["explanations"] == 8
        save_draft(session, make_definition(**changes))
        launch(session, "small")


def texts(html: str) -> list[str]:
    """What the page says above the answer, tags aside."""
    above = html.split("<main", 1)[1].split("The model’s", 1)[0].split("<form", 1)[0]
    return [text.strip() for text in re.findall(r">([^<>]+)<", above) if text.strip()]


def test_premise_and_hypothesis_stand_labelled_on_practice_own_answer_and_rating_pages(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database, tmp_path, practice=[PRACTICE], own_answer="before")
    walker = Walker(web)
    walker.start()
    places = []
    while walker.place != "done":
        kind = walker.place.split("/")[0]
        if kind in {"practice", "answer", "rate"}:
            places.append(kind)
            found = texts(walker.look().text)
            start = found.index("Premise")
            assert found[start : start + 4 : 2] == ["Premise", "Hypothesis"]
            if kind == "practice":
                assert found[start + 1 : start + 4 : 2] == ["A dog runs.", "An animal moves."]
            else:
                assert re.fullmatch(r"Man \d &amp; dog\.", found[start + 1])
                assert found[start + 3] == "He &lt;runs&gt;."
            assert "Question" not in found
        walker.answer()
    assert places == ["practice", *["answer", "rate"] * 4]


def test_a_premise_is_frozen_hashed_and_exported(web: TestClient, database: Database, tmp_path: Path) -> None:
    set_up(database, tmp_path)
    walker = Walker(web)
    walker.start()
    walker.finish()
    rows = exported(database, tmp_path, "items")
    assert {row["premise"] for row in rows} == {f"Man {number} & dog." for number in range(8)}
    for row in rows:
        shown = {key: row[key] for key in ("premise", "question", "answer", "explanation")}
        assert sha256_of(shown | {"choices": RELATIONS}) == row["item_sha256"]
    with database.snapshot() as session:
        assert check(session, "small").problems == []
    with database.transaction(writing=True) as session:
        item = session.scalars(select(Item).order_by(Item.id)).first()
        assert item is not None
        item.premise = "Another man."
    with database.snapshot() as session:
        assert check(session, "small").problems == [
            f"item {item.id}: its text is not the one that was frozen"
        ]


def test_without_a_premise_pages_and_hashes_are_as_they_were(web: TestClient, database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_study(session)
        item = session.scalars(select(Item).where(Item.question_key == "q1").order_by(Item.id)).first()
        assert item is not None
        assert item.premise is None
        shown = {
            "question": "Question 1?",
            "choices": ["yes", "no", "maybe"],
            "answer": "yes",
            "explanation": "bundle-one says why q1.",
        }
        assert item.sha256 == sha256_of(shown)
    walker = Walker(web)
    walker.start()
    walker.prepare()
    found = texts(walker.look().text)
    assert "Question" in found
    assert not {"Premise", "Hypothesis"} & set(found)


@pytest.mark.parametrize("premise", [None, "~", ""])
def test_a_practice_item_without_a_premise_leaves_the_definitions_hash_as_it_was(premise: str | None) -> None:
    bare = {key: value for key, value in PRACTICE.items() if key != "premise"}
    before = make_definition(practice=[bare])
    assert "premise" not in before.model_dump(mode="json")["practice"][0]
    assert make_definition(practice=[bare | {"premise": premise}]).sha256 == before.sha256
    assert make_definition(practice=[PRACTICE]).sha256 != before.sha256
