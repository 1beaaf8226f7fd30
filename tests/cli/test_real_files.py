"""The real files beside the repository, imported by command with exact counts; skipped without them.

Each has a twin of our own with the same oddities, which is never skipped.
"""

import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Honeyglass, write_lines

REAL = Path(__file__).parents[3] / "shared/data"
needs_real_files = pytest.mark.skipif(not REAL.exists(), reason="../shared/data is not here")
FILES = {  # name: format, questions, questions with a repeated choice, counterfactuals
    "cqa-llama-train": ("cqa", 9741, 122, 5),
    "cqa-llama-validation": ("cqa", 1221, 24, 5),
    "cqa-qwen-validation": ("cqa", 1221, 24, 5),
    "esnli-llama-test-shard0": ("esnli", 983, 0, 3),
    "strategyqa-llama-test": ("strategyqa", 687, 0, 2),
}
STUDENTS = {"unrevised": (0, 10), "revised": (82, 8)}  # cut off; answers that are no choice
NOT_OF_THE_SET = "no question_id, and no questions have exactly its text and choices"


def questions(honeyglass: Honeyglass, path: Path, name: str, file_format: str) -> dict[str, Any]:
    answer = honeyglass("questions", "import", path, "--name", name, "--format", file_format, "--json")
    assert answer.status == 0, answer.complaint
    return answer.json


@needs_real_files
@pytest.mark.parametrize("name", FILES)
def test_a_real_question_set_is_imported_whole(honeyglass: Honeyglass, name: str) -> None:
    file_format, count, repeated, counterfactuals = FILES[name]
    found = questions(honeyglass, REAL / f"{name}.jsonl.xz", name, file_format)
    ignored = {
        "few_shot_positive_rationale",
        "few_shot_revision",
        *(f"counterfactual_prompt_answer_{number}_rationale" for number in range(1, counterfactuals + 1)),
        *(["few_shot_negative_rationale"] if name.startswith("cqa-llama") else []),
        *(["term", "description", "facts"] if file_format == "strategyqa" else []),
    }
    assert found == {
        "ok": True,
        "name": name,
        "questions": count,
        "ignored_keys": dict.fromkeys(ignored, count),
        "answer_not_a_choice": 0,
        "repeated_choices": repeated,
    }


@needs_real_files
@pytest.mark.parametrize("student", STUDENTS)
def test_a_real_students_bundle_is_imported_but_for_the_three_rows_of_no_question(
    honeyglass: Honeyglass, student: str
) -> None:
    path = REAL / f"student-t5-large-mt-cf-{student}.jsonl.xz"
    for source in ("llama", "qwen"):
        questions(honeyglass, REAL / f"cqa-{source}-validation.jsonl.xz", source, "cqa")
    either = honeyglass("bundle", "import", path, "--name", student)
    assert "Several question sets have these questions (llama, qwen); say which" in either.complaint
    for source in ("llama", "qwen"):
        command = ("bundle", "import", path, "--name", f"{student}-{source}", "--questions", source)
        assert honeyglass(*command, "--json").json == {
            "ok": True,
            "name": f"{student}-{source}",
            "questions": source,
            "explanations": 1218,
            "set_aside": 3,
            "cut_off": STUDENTS[student][0],
            "empty": 0,
            "answer_not_a_choice": STUDENTS[student][1],
            "ignored_keys": {"teacher_explanation": 1221},
            "set_aside_rows": [{"line": line, "reason": NOT_OF_THE_SET} for line in (55, 547, 1189)],
        }


@needs_real_files
@pytest.mark.parametrize(
    "name,key,counts",
    [
        ("cqa-qwen-validation", "counterfactual_prompt_answer_1_rationale", (1221, 1106, 0, 0)),
        ("esnli-llama-test-shard0", "few_shot_positive_rationale", (983, 4, 0, 0)),
        ("strategyqa-llama-test", "few_shot_revision", (687, 257, 0, 0)),
        ("cqa-llama-train", "few_shot_revision", (9741, 170, 16, 5)),
    ],
)
def test_a_teachers_explanations_become_a_bundle_with_their_oddities_counted(
    honeyglass: Honeyglass, tmp_path: Path, name: str, key: str, counts: tuple[int, ...]
) -> None:
    file_format = FILES[name][0]
    questions(honeyglass, REAL / f"{name}.jsonl.xz", "set", file_format)
    path = write_lines(tmp_path / "teacher.jsonl", teacher_rows(name, file_format, key))
    found = honeyglass("bundle", "import", path, "--name", "teacher", "--strict", "--json").json
    assert found["ok"], found
    names = ("explanations", "cleaned_first_paragraph", "cut_off", "empty")
    assert tuple(found.get(name, 0) for name in names) == counts


def teacher_rows(name: str, file_format: str, key: str) -> list[dict[str, Any]]:
    """What the teacher wrote under one key, as a bundle without ids of its own where pairs have none."""
    with lzma.open(REAL / f"{name}.jsonl.xz", "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    return [asked(row, file_format) | {"predicted_answer": "x", "explanation": row[key]} for row in rows]


def asked(row: dict[str, Any], file_format: str) -> dict[str, Any]:
    if file_format == "esnli":
        choices = ["entailment", "neutral", "contradiction"]
        return {
            "question_id": None,
            "premise": row["premise"],
            "question": row["hypothesis"],
            "choices": choices,
            "correct_answer": choices[row["label"]],
        }
    if file_format == "strategyqa":
        answer = "yes" if row["answer"] else "no"
        return {
            "question_id": row["qid"],
            "question": row["question"],
            "choices": ["yes", "no"],
            "correct_answer": answer,
        }
    return {
        "question_id": row["id"],
        "question": row["question"],
        "choices": row["choices"],
        "correct_answer": row["answer"],
    }


TWIN = {"id": "t1", "question": "Where’s the “river”?", "choices": ["bridge", "bridge"], "answer": "bridge"}
SAID = {
    "question_id": "t1",
    "question": "Where’s the “river”?",
    "choices": ["bridge", "bridge"],
    "correct_answer": "bridge",
    "predicted_answer": "Bridge ",
    "explanation": "Rivers run under bridges.",
}
SAYINGS = [
    "Rivers “run” under bridges.",
    "\n\nRivers run under bridges.",
    "Rivers run under bridges.\n\nQuestion: What is the name of the\nChoices: ['a', 'b']",
    "Rivers run under bridges, and the materials they need",
    "",
    None,
]


def test_a_twin_with_every_oddity_of_the_real_files_is_imported_and_each_is_reported(
    honeyglass: Honeyglass, tmp_path: Path
) -> None:
    rows = [TWIN | {"id": f"t{number}", "few_shot_revision": "x"} for number in range(len(SAYINGS))]
    rows[1] |= {"answer": "Bridges"}
    packed = tmp_path / "twin.jsonl.xz"
    packed.write_bytes(lzma.compress(write_lines(tmp_path / "twin.jsonl", rows).read_bytes()))
    found = questions(honeyglass, packed, "twin", "cqa")
    assert (found["questions"], found["answer_not_a_choice"], found["repeated_choices"]) == (6, 1, 6)
    assert found["ignored_keys"] == {"few_shot_revision": 6}
    said = [
        SAID | {"question_id": f"t{number}", "explanation": saying} for number, saying in enumerate(SAYINGS)
    ]
    said[1] |= {"correct_answer": "Bridges"}
    said[5] |= {"predicted_answer": "leaves"}
    said.append(SAID | {"question_id": None, "question": 'Where\'s the "river"?'})
    path = write_lines(tmp_path / "student.jsonl", said)
    assert honeyglass("bundle", "import", path, "--name", "student", "--json").json == {
        "ok": True,
        "name": "student",
        "questions": "twin",
        "explanations": 6,
        "set_aside": 1,
        "cleaned_outer_white_space": 1,
        "cleaned_first_paragraph": 1,
        "cut_off": 1,
        "empty": 2,
        "answer_not_a_choice": 1,
        "ignored_keys": {},
        "set_aside_rows": [{"line": 7, "reason": NOT_OF_THE_SET}],
    }
