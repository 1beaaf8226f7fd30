import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.bundles.queries import bundle_by_name, bundle_names, explanations_of
from app.bundles.service import import_bundle, prepare
from app.contract.bundle import BundleManifest, BundleRow, write_bundle
from app.contract.question_set import read_question_set
from app.errors import Conflict, Invalid, NotFound
from app.models import Bundle, Explanation, Question
from app.questions.service import import_questions
from app.web.db import Database
from tests.factories import make_question_set

REAL = Path(__file__).parents[3] / "shared/data"


def make_row(number: int, **changes: Any) -> dict[str, Any]:
    """What a student says of the factory's question of that number."""
    return {
        "question_id": f"q{number}",
        "question": f"Question {number}?",
        "choices": ["yes", "no", "maybe"],
        "correct_answer": "yes",
        "predicted_answer": "no",
        "explanation": "It is so.",
    } | changes


def write(folder: Path, rows: Iterable[dict[str, Any]], name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def count_rows(session: Session) -> tuple[int, int]:
    bundles = session.scalar(select(func.count()).select_from(Bundle))
    explanations = session.scalar(select(func.count()).select_from(Explanation))
    return bundles or 0, explanations or 0


def test_explanations_are_stored_raw_and_cleaned_and_everything_is_counted(
    session: Session, tmp_path: Path
) -> None:
    made = make_question_set(session)
    raw = "\nBecause\u202e it is.\r\n\r\nQuestion: next?"
    rows = [
        make_row(1, explanation=raw, note="x"),
        make_row(2, question_id=None, explanation="It stops in mid", predicted_answer=None),
        make_row(3, explanation=None, predicted_answer="perhaps"),
        make_row(9),
        make_row(4, correct_answer="no"),
        make_row(1),
    ]
    imported = import_bundle(session, prepare(write(tmp_path, rows)), "mt")
    session.expire_all()
    assert imported.question_set == "set"
    assert [(row.line, row.reason) for row in imported.set_aside] == [
        (4, "question 'q9' is not in the question set"),
        (5, "its correct_answer differ from the question set's"),
        (6, "question 'q1' has an explanation already, from line 1"),
    ]
    assert imported.bundle.counts == {
        "explanations": 3,
        "set_aside": 3,
        "cleaned_control_characters": 1,
        "cleaned_outer_white_space": 1,
        "cleaned_first_paragraph": 1,
        "cut_off": 1,
        "empty": 1,
        "answer_not_a_choice": 1,
        "ignored_keys": {"note": 1},
    }
    keys = {
        question.id: question.key for question in session.query(Question).filter_by(question_set_id=made.id)
    }
    stored = {keys[key]: one for key, one in explanations_of(session, imported.bundle.id).items()}
    assert {key: (one.raw_text, one.shown_text) for key, one in stored.items()} == {
        "q1": (raw, "Because it is."),
        "q2": ("It stops in mid", "It stops in mid"),
        "q3": (None, ""),
    }
    assert {key: one.is_cut_off for key, one in stored.items()} == {"q1": False, "q2": True, "q3": False}
    assert (stored["q1"].predicted_answer, stored["q2"].predicted_answer) == ("no", None)


def test_a_manifest_is_kept_as_it_was_written(session: Session, tmp_path: Path) -> None:
    make_question_set(session)
    manifest = BundleManifest(name="theirs", licence="CC0", provenance={"method": "MT", "seeds": [1, 2]})
    write_bundle(tmp_path / "mt", manifest, [BundleRow.model_validate(make_row(1))])
    imported = import_bundle(session, prepare(tmp_path / "mt"), "ours")
    session.expire_all()
    found = bundle_by_name(session, "ours")
    assert found is not None
    assert found.id == imported.bundle.id
    assert found.manifest["name"] == "theirs"
    assert found.manifest["provenance"] == {"method": "MT", "seeds": [1, 2]}
    assert found.source_sha256 == found.manifest["sha256"]
    assert bundle_names(session) == ["ours"]


def test_strict_refuses_with_every_line_and_stores_nothing(database: Database, tmp_path: Path) -> None:
    with database.transaction(writing=True) as session:
        make_question_set(session)
    path = write(tmp_path, [make_row(1), make_row(8, question="x"), make_row(1)])
    with (
        pytest.raises(Invalid, match=r"^2 rows do not fit question set 'set': line 2: its .*; line 3: quest"),
        database.transaction(writing=True) as session,
    ):
        import_bundle(session, prepare(path), "mt", strict=True)
    with database.transaction(writing=True) as session:
        assert count_rows(session) == (0, 0)
        import_bundle(session, prepare(write(tmp_path, [make_row(1)])), "mt", strict=True)
    with database.transaction() as session:
        assert count_rows(session) == (1, 1)


def test_a_bundle_of_which_no_row_fits_is_refused_with_the_first_reason(
    session: Session, tmp_path: Path
) -> None:
    make_question_set(session)
    path = write(tmp_path, [make_row(1, choices=["yes", "no"]), make_row(2, question="x")])
    with pytest.raises(Invalid, match=r"No row fits question set 'set'; line 1: its choices differ"):
        import_bundle(session, prepare(path), "mt")
    assert count_rows(session) == (0, 0)


def test_a_name_is_given_once(session: Session, tmp_path: Path) -> None:
    make_question_set(session)
    path = write(tmp_path, [make_row(1)])
    import_bundle(session, prepare(path), "mt")
    with pytest.raises(Conflict, match=r"named 'mt' already; choose another name"):
        import_bundle(session, prepare(path), "mt")
    import_bundle(session, prepare(path), "mt-2")
    assert count_rows(session) == (2, 2)


def test_a_name_that_no_study_could_refer_to_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    path, database = write(tmp_path, [make_row(1)]), Database(sqlite_url)
    with database.transaction(writing=True) as session:
        make_question_set(session)
        for name in ("", "my bundle", "../mt", "mt\n"):
            with pytest.raises(Invalid, match="name"):
                import_bundle(session, prepare(path), name)
        import_bundle(session, prepare(path), "T5-large_mt.cf")
    database.engine.dispose()


@pytest.mark.parametrize("question_id", ["q3", None])
def test_the_question_set_is_the_only_one_that_knows_the_questions(
    session: Session, tmp_path: Path, question_id: str | None
) -> None:
    make_question_set(session, 2, "short")
    make_question_set(session, 4, "long")
    path = write(tmp_path, [make_row(3, question_id=question_id)])
    assert import_bundle(session, prepare(path), "mt").question_set == "long"


def test_without_a_fitting_question_set_it_is_said_how_to_import_one(
    session: Session, tmp_path: Path
) -> None:
    path = write(tmp_path, [make_row(3), make_row(1, question_id=None, question="x")])
    with pytest.raises(NotFound, match="Import the question set first"):
        import_bundle(session, prepare(path), "mt")
    make_question_set(session, 2)
    with pytest.raises(NotFound, match="No question set has these questions"):
        import_bundle(session, prepare(path), "mt")


def test_of_several_fitting_question_sets_one_must_be_named(session: Session, tmp_path: Path) -> None:
    make_question_set(session, 4, "b")
    make_question_set(session, 2, "a")
    path = write(tmp_path, [make_row(1), make_row(3)])
    with pytest.raises(Invalid, match=r"Several question sets have these questions \(a, b\); .*--questions"):
        import_bundle(session, prepare(path), "mt")
    with pytest.raises(NotFound, match="no question set named 'c'"):
        import_bundle(session, prepare(path), "mt", questions="c")
    imported = import_bundle(session, prepare(path), "mt", questions="a")
    assert imported.question_set == "a"
    assert [row.line for row in imported.set_aside] == [2]


def test_the_real_students_outputs_are_imported_with_three_set_aside(
    sqlite_url: str,
) -> None:
    if not REAL.exists():
        pytest.skip("../shared/data is not here")
    database = Database(sqlite_url)
    with database.transaction(writing=True) as session:
        import_questions(
            session, read_question_set(REAL / "cqa-llama-validation.jsonl.xz", "cqa"), "cqa-validation"
        )
        path = REAL / "student-t5-large-mt-cf-revised.jsonl.xz"
        imported = import_bundle(session, prepare(path), "mt-cf-revised")
    database.engine.dispose()
    assert len(imported.set_aside) == 3
    assert imported.bundle.counts["explanations"] == 1218
    assert imported.bundle.counts["explanations"] + len(imported.set_aside) == 1221
