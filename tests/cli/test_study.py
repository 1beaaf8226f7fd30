from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Honeyglass, write_study
from tests.factories import make_condition, make_definition


def test_validate_says_what_is_missing_here_and_stores_nothing(
    honeyglass: Honeyglass, tmp_path: Path
) -> None:
    conditions = [make_condition("one"), make_condition("t5") | {"source": {"checkpoint": "t5"}}]
    path = write_study(tmp_path, conditions=conditions)
    missing = [
        "questions.set: no question set 'set' has been imported.",
        "conditions.0.source: no bundle 'bundle-one' has been imported.",
        "conditions.1.source: no checkpoint 't5' has been added.",
    ]
    sha256 = make_definition(conditions=conditions).sha256
    answer = honeyglass("study", "validate", path, "--json")
    assert answer.status == 0
    assert answer.json == {"ok": True, "slug": "small", "sha256": sha256, "missing": missing}
    assert honeyglass("study", "validate", path).out.splitlines() == [
        "study.yaml is a valid study definition ('small').",
        *(f"Before launching: {line}" for line in missing),
    ]
    assert honeyglass("study", "list", "--json").json["studies"] == []


@pytest.mark.parametrize("command", ["validate", "create"])
def test_a_faulty_definition_is_refused_with_every_mistake(
    honeyglass: Honeyglass, tmp_path: Path, command: str
) -> None:
    path = write_study(tmp_path)
    text = path.read_text(encoding="utf-8").replace("title:", "titel:").replace("order: bal", "order: bel")
    path.write_text(text, encoding="utf-8")
    answer = honeyglass("study", command, path, "--json")
    assert answer.status == 1
    first, *lines = answer.json["error"].splitlines()
    assert first == "study.yaml is not a valid study definition:"
    assert len(lines) == 3
    assert any("titel: unknown key; did you mean 'title'?" in line for line in lines)
    assert answer.complaint == f"Error: {answer.json['error']}\n"


def test_a_study_lives_from_draft_to_closed(launched: Honeyglass, tmp_path: Path) -> None:
    def overview() -> dict[str, Any]:
        [found] = launched("study", "list", "--json").json["studies"]
        assert isinstance(found, dict)
        return found

    assert overview() == {
        "slug": "small",
        "status": "live",
        "audience": "people",
        "version": 1,
        "items": 16,
        "ratings_least": 0,
        "ratings_most": 0,
        "participants": {},
        "title": "A small study",
        "target": 2,
    }
    assert launched("study", "list").out == (
        "small: live, version 1, 16 items rated 0 to 0 times, participants: none\n"
    )
    again = launched("study", "launch", "small", "--json")
    assert (again.status, again.json["ok"]) == (1, False)
    created = launched("study", "create", write_study(tmp_path, comment="required"), "--json")
    sha256 = make_definition(comment="required").sha256
    assert created.json == {"ok": True, "slug": "small", "status": "live", "sha256": sha256}
    second = launched("study", "launch", "small", "--json").json
    assert second | {"sha256": ""} == {
        "ok": True,
        "slug": "small",
        "address": "/s/small",
        "url": "http://127.0.0.1:8000/s/small",
        "version": 2,
        "sha256": "",
        "items": 16,
        "questions": 8,
        "participants": 8,
        "audience": "people",
        "divides_exactly": True,
        "left_out": 0,
    }
    for command, status in (("pause", "paused"), ("close", "closed")):
        answer = launched("study", command, "small", "--json")
        assert answer.json == {"ok": True, "slug": "small", "status": status}
        assert overview()["status"] == status
    assert launched("study", "pause", "small").complaint == (
        "Error: Study 'small' is closed, so it cannot become paused.\n"
    )


def test_a_launch_tells_what_it_froze_in_words(launched: Honeyglass, tmp_path: Path) -> None:
    launched(
        "study", "create", write_study(tmp_path, design={"items_per_condition": 3, "ratings_per_item": 1})
    )
    assert launched("study", "launch", "small").out == (
        "'small' is live: version 2, 8 questions, 16 items; 3 participants reach the target (it does not "
        "divide exactly; a few items get one more). 0 questions were left out because a condition cannot "
        "show them. Address: http://127.0.0.1:8000/s/small\n"
    )


def test_without_studies_the_list_says_what_comes_next(honeyglass: Honeyglass) -> None:
    assert honeyglass("study", "list").out == "No studies yet. Next: honeyglass study create FILE\n"


def test_a_draft_cannot_be_checked_and_a_launched_study_can(launched: Honeyglass, tmp_path: Path) -> None:
    launched("study", "create", write_study(tmp_path, slug="draft"))
    assert launched("study", "check", "draft", "--json").json["error"] == (
        "Study 'draft' was never launched; there is nothing to check yet."
    )
    answer = launched("study", "check", "small", "--json")
    assert answer.status == 0
    assert (answer.json["ok"], answer.json["problems"], answer.json["items"]) == (True, [], 16)
    assert launched("study", "check", "small").out.endswith(" spread 0. All right.\n")


def test_an_unknown_participant_cannot_be_excluded(launched: Honeyglass) -> None:
    answer = launched("study", "exclude", "small", "pabc", "--reason", "a test", "--json")
    assert answer.status == 1
    assert answer.json["error"] == "Study 'small' has no participant 'pabc'."


def test_a_preview_of_a_draft_is_refused_with_the_pages_sentence(
    honeyglass: Honeyglass, tmp_path: Path
) -> None:
    assert honeyglass("study", "create", write_study(tmp_path)).status == 0
    answer = honeyglass("study", "preview", "small", "--json")
    assert answer.status == 1
    assert answer.json == {
        "ok": False,
        "error": "There is nothing to preview before the study was launched once.",
    }
