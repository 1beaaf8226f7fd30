"""The demo ships what its four students wrote, and says of each what it was made of."""

from pathlib import Path
from typing import Any

import pytest

from app.contract.bundle import read_bundle
from app.contract.question_set import read_question_set
from app.studies.definition import read_definition

DEMO = Path(__file__).parents[1] / "demo"
STUDENTS = {
    "smollm2-mt": ("multitask", "unrevised"),
    "smollm2-cf": ("counterfactual", "unrevised"),
    "smollm2-mt-cf": ("combined", "unrevised"),
    "smollm2-mt-cf-revised": ("combined", "revised"),
}


def test_every_question_has_five_different_choices_with_the_answer_among_them() -> None:
    questions = read_question_set(DEMO / "questions.jsonl", "cqa").questions
    assert len(questions) == 32
    for question in questions:
        assert len(set(question.choices)) == 5
        assert question.answer in question.choices


def test_the_study_compares_the_four_students() -> None:
    definition = read_definition(DEMO / "study.yaml")
    sources = [condition.source.model_dump() for condition in definition.conditions]
    assert sources == [{"bundle": name} for name in STUDENTS]
    assert sorted(path.name for path in (DEMO / "bundles").iterdir()) == sorted(STUDENTS)


@pytest.mark.parametrize("name", STUDENTS)
def test_a_student_explained_every_question_and_its_bundle_says_how_it_was_made(name: str) -> None:
    questions = read_question_set(DEMO / "questions.jsonl", "cqa").questions
    bundle = read_bundle(DEMO / "bundles" / name)
    rows = [row for _, row in bundle.rows]
    assert [row.question_id for row in rows] == [question.key for question in questions]
    assert all(len((row.explanation or "").split()) >= 5 for row in rows)
    assert sum(row.predicted_answer in row.choices for row in rows) >= 28
    assert bundle.manifest is not None
    assert bundle.manifest.licence == "Apache-2.0"
    assert "Qwen3-30B-A3B" in bundle.manifest.description
    student: Any = bundle.manifest.provenance["student"]
    assert (student["method"]["training"], student["method"]["data"]) == STUDENTS[name]
    assert student["evaluation"]["n"] == 1000
