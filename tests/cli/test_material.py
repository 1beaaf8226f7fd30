from pathlib import Path

from app.contract.bundle import BundleManifest, read_bundle, write_bundle
from tests.cli.conftest import Honeyglass, write_lines, write_questions, write_rows


def test_questions_are_imported_with_what_was_counted(honeyglass: Honeyglass, tmp_path: Path) -> None:
    command = ("questions", "import", write_questions(tmp_path), "--format", "cqa", "--name")
    counts = {"questions": 8, "ignored_keys": {}, "answer_not_a_choice": 0, "repeated_choices": 0}
    assert honeyglass(*command, "a", "--json").json == {"ok": True, "name": "a", **counts}
    assert honeyglass(*command, "b").out == (
        "Imported 8 questions as 'b'. Ignored keys: none. Right answers that are no choice: 0. "
        "Questions with a repeated choice: 0.\n"
    )
    answer = honeyglass(*command, "a", "--json")
    assert answer.status == 1
    assert answer.json["error"] == "There is a question set named 'a' already; choose another name."


def test_a_malformed_file_is_refused_with_its_line_and_nothing_is_stored(
    honeyglass: Honeyglass, tmp_path: Path
) -> None:
    path = write_questions(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + '{"id": "q9"}\n', encoding="utf-8")
    answer = honeyglass("questions", "import", path, "--name", "set", "--json")
    assert answer.status == 1
    assert answer.json["error"].startswith(
        "questions.jsonl, line 9: question: required, but missing; choices: "
    )
    assert honeyglass("questions", "import", write_questions(tmp_path), "--name", "set").status == 0


def test_a_bundle_is_imported_with_what_was_set_aside(honeyglass: Honeyglass, tmp_path: Path) -> None:
    honeyglass("questions", "import", write_questions(tmp_path), "--name", "set")
    rows = write_rows(tmp_path, explanation="\nIt stops in the mid", question_id="q9")
    strict = honeyglass("bundle", "import", rows, "--name", "mt", "--strict", "--json")
    reason = "question 'q9' is not in the question set"
    assert strict.status == 1
    assert strict.json["error"] == f"1 rows do not fit question set 'set': line 8: {reason}."
    answer = honeyglass("bundle", "import", rows, "--name", "mt", "--json")
    assert answer.status == 0
    assert answer.complaint == f"set aside: line 8: {reason}\n"
    assert answer.json == {
        "ok": True,
        "name": "mt",
        "questions": "set",
        "explanations": 7,
        "set_aside": 1,
        "cut_off": 0,
        "empty": 0,
        "answer_not_a_choice": 0,
        "ignored_keys": {},
        "set_aside_rows": [{"line": 8, "reason": reason}],
    }


def test_a_folder_is_imported_in_words_too(honeyglass: Honeyglass, tmp_path: Path) -> None:
    honeyglass("questions", "import", write_questions(tmp_path), "--name", "set")
    rows = [row for _, row in read_bundle(write_rows(tmp_path, explanation="\nIt stops in the mid")).rows]
    write_bundle(tmp_path / "mt", BundleManifest(name="mt"), rows)
    answer = honeyglass("bundle", "import", tmp_path / "mt", "--name", "mt", "--questions", "set")
    assert answer.out == (
        "Imported 8 explanations of 'set' as 'mt'; 0 set aside. Cleaned (first-paragraph/1): "
        "outer_white_space 1. Cut off in mid-sentence: 1. Empty: 0. "
        "Answers that are no choice: 0.\n"
    )


def test_a_key_no_terminal_can_print_does_not_break_the_summary(
    honeyglass: Honeyglass, tmp_path: Path
) -> None:
    row = {"id": "q1", "question": "Why?", "choices": ["yes", "no"], "answer": "yes", "\ud800": 1}
    path = write_lines(tmp_path / "odd.jsonl", [row])
    answer = honeyglass("questions", "import", path, "--name", "odd", "--json")
    assert answer.status == 0
    assert answer.json["questions"] == 1
