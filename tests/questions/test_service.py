import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.contract.base import InvalidFile
from app.contract.question_set import read_question_set
from app.errors import Conflict, Invalid
from app.models import Question, QuestionSet
from app.questions.queries import question_set_by_name, question_set_names, questions_of
from app.questions.service import import_questions
from app.web.db import Database

GOOD: dict[str, Any] = {"id": "q1", "question": "Where?", "choices": ["here", "there"], "answer": "here"}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_file_becomes_a_set_in_its_order_with_its_counts(session: Session, tmp_path: Path) -> None:
    path = write(
        tmp_path / "cqa.jsonl",
        GOOD | {"id": "q9", "question": " “Why” 😀? ", "why": "x"},
        GOOD | {"choices": ["bridge", "bridge"], "answer": "Tower"},
    )
    stored = import_questions(session, read_question_set(path, "cqa"), "cqa")
    session.expire_all()
    assert stored.counts == {
        "questions": 2,
        "ignored_keys": {"why": 1},
        "answer_not_a_choice": 1,
        "repeated_choices": 1,
    }
    found = questions_of(session, stored.id)
    assert [(question.position, question.key, question.text) for question in found] == [
        (1, "q9", " “Why” 😀? "),
        (2, "q1", "Where?"),
    ]
    assert found[1].choices == ["bridge", "bridge"]
    assert found[1].correct_answer == "Tower"


def test_a_malformed_row_stores_nothing_of_the_file(session: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "cqa.jsonl", GOOD, GOOD)
    with pytest.raises(InvalidFile, match="line 2: id 'q1' stands in line 1 already"):
        import_questions(session, read_question_set(path, "cqa"), "cqa")
    assert session.scalar(select(func.count()).select_from(QuestionSet)) == 0
    assert session.scalar(select(func.count()).select_from(Question)) == 0


def test_a_name_is_given_once_and_its_set_stays_as_it_was(session: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "cqa.jsonl", GOOD)
    import_questions(session, read_question_set(path, "cqa"), "cqa")
    with pytest.raises(Conflict, match=r"named 'cqa' already; choose another name"):
        import_questions(session, read_question_set(path, "cqa"), "cqa")
    import_questions(session, read_question_set(path, "cqa"), "b")
    assert question_set_names(session) == ["b", "cqa"]
    kept = question_set_by_name(session, "cqa")
    assert kept is not None
    assert len(questions_of(session, kept.id)) == 1
    assert question_set_by_name(session, "CQA") is None


def test_a_name_that_no_study_could_refer_to_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    path, database = write(tmp_path / "cqa.jsonl", GOOD), Database(sqlite_url)
    with database.transaction(writing=True) as session:
        for name in ("", "my set", "../cqa", "-cqa", "a" * 101, "sét", "cqa\n"):
            with pytest.raises(Invalid, match="name"):
                import_questions(session, read_question_set(path, "cqa"), name)
        import_questions(session, read_question_set(path, "cqa"), "a" * 100)
    database.engine.dispose()
