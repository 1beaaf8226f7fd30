"""The paper format: the published study's columns, names and codes, and what cannot be put into them."""

import csv
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.contract.study import Condition
from app.errors import AppError
from app.exports import queries
from app.exports.package import package
from app.exports.paper import ASKED, CONSTRUCTS, PAPER_COLUMNS, SLOTS, model_name, slot_code
from app.models import Participant
from app.studies.service import launch, save_draft
from app.web.db import Database
from tests.exports.published import ANSWERS, MODELS, constructs, published, questions, set_up, take
from tests.exports.walks import exported, read_rows
from tests.factories import LABELS, make_condition, make_definition

STUDY = Path(__file__).parents[3] / "shared/data/study.csv"


def relaunch(database: Database, **changes: Any) -> None:
    with database.transaction(writing=True) as session:
        save_draft(session, make_definition(**published(**changes)))
        launch(session, "small")


def test_paper_has_the_rows_of_wide_in_the_published_columns(
    web: TestClient, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "CHUNK", 5)
    set_up(database)
    codes = [take(web), take(web, shift=1, answers=False), take(web, shift=2, items=5)]
    rows, wide = exported(database, tmp_path, "paper"), exported(database, tmp_path, "wide")
    assert len(rows) == len(wide) == 12 + 12 + 5
    lengths = {row["item"]: row["explanation_length"] for row in exported(database, tmp_path, "items")}
    people = list(dict.fromkeys(row["participant"] for row in wide))
    rated: Counter[tuple[str, str]] = Counter()
    for row, same in zip(rows, wide, strict=True):
        assert [row[key.capitalize()] for key in CONSTRUCTS] == [same[key] for key in CONSTRUCTS]
        assert row["model"] == MODELS[same["condition"]]
        assert row["rationale_length"] == lengths[same["item"]]
        assert row["CASE"] == str(people.index(same["participant"]) + 1)
        nth = rated[(row["CASE"], row["model"])]
        assert row["rationale"] == SLOTS[row["model"]][nth]
        rated[(row["CASE"], row["model"])] += 1
    assert people == sorted(people)
    with database.transaction() as session:
        pseudonyms = {person.code: person.pseudonym for person in session.scalars(select(Participant))}
    answered, silent, partial = (str(people.index(pseudonyms[code]) + 1) for code in codes)
    asked = {row["CASE"]: {key: row[key] for key in ASKED} for row in rows}
    assert asked == {
        answered: ANSWERS,
        silent: dict.fromkeys(ASKED, "No answer"),
        partial: dict.fromkeys(ASKED, "No answer"),
    }


def test_a_question_has_one_number_in_all_conditions_and_in_every_export(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    for shift in range(3):
        take(web, shift=shift)
    rows, wide = exported(database, tmp_path, "paper"), exported(database, tmp_path, "wide")
    pairs = {(row["rationale_id"], same["question_id"]) for row, same in zip(rows, wide, strict=True)}
    assert len(pairs) == len({number for number, _ in pairs}) == len({key for _, key in pairs}) == 12
    models = defaultdict(set)
    for row in rows:
        models[int(row["rationale_id"])].add(row["model"])
    assert max(len(found) for found in models.values()) > 1
    assert exported(database, tmp_path, "paper") == rows


def columns_of(path: Path) -> dict[str, type[int] | type[str]]:
    """Name → type of each column, as R's read.csv decides: whole numbers if all values are."""
    rows = read_rows(path)
    return {name: int if all(row[name].isdecimal() for row in rows) else str for name in rows[0]}


def check_as_published(path: Path) -> None:
    """What the published script takes for granted about its file."""
    content = path.read_bytes()
    assert content.startswith(b"CASE,rationale,Completeness,")
    assert b"\r" not in content
    assert content.endswith(b"\n")
    rows = read_rows(path)
    with path.open(encoding="utf-8", newline="") as stream:
        assert stream.read() == rewritten(rows)  # quoted where it must be and nowhere else
    assert tuple(rows[0]) == PAPER_COLUMNS
    numbers = {"CASE", "rationale_id", "rationale_length", *(key.capitalize() for key in CONSTRUCTS)}
    assert columns_of(path) == {name: int if name in numbers else str for name in PAPER_COLUMNS}
    cases = [int(row["CASE"]) for row in rows]
    assert cases == sorted(cases)
    for row in rows:
        assert {row[key.capitalize()] for key in CONSTRUCTS} <= set("12345")
        assert row["rationale"] in SLOTS[row["model"]]
        assert int(row["rationale_length"]) > 0
        assert all(row[key] for key in ASKED)
    places = [(row["CASE"], row["rationale"]) for row in rows]
    assert len(places) == len(set(places))
    assert {row["model"] for row in rows} == set(MODELS.values())
    assert "No answer" in {row["country"] for row in rows}


def rewritten(rows: list[dict[str, str]]) -> str:
    lines: list[str] = []

    class Lines:
        def write(self, line: str) -> None:
            lines.append(line)

    writer = csv.DictWriter(Lines(), PAPER_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return "".join(lines)


def test_the_published_file_and_ours_have_the_same_columns_types_and_values(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    take(web)
    take(web, items=4, shift=1)
    exported(database, tmp_path, "paper")
    check_as_published(tmp_path / "paper.csv")
    if not STUDY.exists():
        pytest.skip("../shared/data is not here")
    check_as_published(STUDY)
    assert columns_of(tmp_path / "paper.csv") == columns_of(STUDY)


def test_further_conditions_and_items_get_codes_that_were_not_published(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    conditions = [
        {**make_condition("own"), "label": "Unrevised, ours", "paper_name": "GPT, asked twice"},
        {**make_condition("cf"), "label": "CF:Unrevised"},
        {**make_condition("last"), "label": "Revised by people"},
    ]
    set_up(database, conditions=conditions, design={"items_per_condition": 4})
    take(web)
    codes = defaultdict(list)
    for row in exported(database, tmp_path, "paper"):
        codes[row["model"]].append(row["rationale"])
    assert codes == {
        "GPT, asked twice": ["RE101", "RE102", "RE103", "RE104"],
        "CF:PosRationales": ["RE09", "RE16", "RE17", "RE204"],
        "RevRationales by people": ["RE301", "RE302", "RE303", "RE304"],
    }


@given(st.permutations([*SLOTS, "another", "a third"]))
def test_no_two_places_share_a_code(order: list[str]) -> None:
    places = [(model, number, nth) for number, model in enumerate(order, 1) for nth in range(1, 65)]
    assert len({slot_code(*place) for place in places}) == len(places)


@pytest.mark.parametrize(
    "label,paper_name,expected",
    [
        ("MT:Unrevised", None, "MT:PosRationales"),
        ("MT+CF:Revised", None, "MT+CF:RevRationales"),
        ("MT:Unrevised", "Mine: Revised", "Mine: Revised"),
        ("SmolLM2, plain", None, "SmolLM2, plain"),
    ],
)
def test_a_model_is_called_by_its_paper_name_or_its_label_in_the_papers_words(
    label: str, paper_name: str | None, expected: str
) -> None:
    fields = {"key": "a", "label": label, "source": {"bundle": "b"}, "paper_name": paper_name}
    assert model_name(Condition.model_validate(fields)) == expected


MISSING: list[tuple[dict[str, Any], str]] = [
    (
        {"constructs": constructs("plausibility", "understandability", "completeness", "satisfaction")},
        "The paper format needs a construct 'contrastiveness', and version 1 has none.",
    ),
    (
        {"questionnaire": questions("age", "gender", "country", "education")},
        "The paper format needs a question 'employement' in the questionnaire, and version 1 has none.",
    ),
    (
        {"conditions": [{**make_condition(key), "paper_name": "Same"} for key in ("cf", "mt")]},
        "The paper format needs a name for each condition, and in version 1 both 'cf' and 'mt' are 'Same'.",
    ),
]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("changes,sentence", MISSING)
def test_what_the_format_needs_and_a_study_lacks_is_named(
    database: Database, tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    set_up(database, **changes)
    with pytest.raises(AppError) as caught:
        exported(database, tmp_path, "paper")
    assert caught.value.message == sentence
    assert not list(tmp_path.glob("paper*"))


def named(name: str) -> list[dict[str, Any]]:
    first, *others = published()["conditions"]
    return [{**first, "paper_name": name}, *others]


def scales(points: int) -> dict[str, list[str]]:
    return {"agreement": [*LABELS, "More", "Most"][:points]}


DISAGREEMENTS: list[tuple[Callable[[], dict[str, Any]], str]] = [
    (
        lambda: {"conditions": named("Other")},
        "condition 'cf': 'CF:PosRationales' in version 1, 'Other' in version 2;",
    ),
    (
        lambda: {"scales": scales(7)},
        "construct 'completeness': 5 points in version 1, 7 points in version 2;",
    ),
]


@pytest.mark.parametrize("changes,sentence", DISAGREEMENTS)
def test_versions_that_disagree_are_named_once_both_have_ratings(
    web: TestClient, database: Database, tmp_path: Path, changes: Callable[[], dict[str, Any]], sentence: str
) -> None:
    set_up(database)
    take(web, items=1)
    relaunch(database, **changes())
    assert len(exported(database, tmp_path, "paper")) == 1
    take(web, items=1)
    with pytest.raises(AppError, match="The versions disagree about ") as caught:
        exported(database, tmp_path, "paper")
    assert sentence in caught.value.message


def test_versions_that_agree_share_one_file(web: TestClient, database: Database, tmp_path: Path) -> None:
    set_up(database)
    take(web)
    relaunch(database, title="Another title")
    take(web)
    rows = exported(database, tmp_path, "paper")
    assert sorted(Counter(row["CASE"] for row in rows).items()) == [("1", 12), ("2", 12)]
    assert {row["rationale"] for row in rows} == {code for codes in SLOTS.values() for code in codes}


def test_previews_and_whoever_does_not_count_are_in_no_paper_file(
    web: TestClient, database: Database, tmp_path: Path
) -> None:
    set_up(database)
    take(web)
    uncounted, preview = take(web, shift=1), take(web, shift=2)
    with database.transaction(writing=True) as session:
        for code, mode in ((uncounted, "people"), (preview, "preview")):
            known = update(Participant).where(Participant.code == code)
            session.execute(known.values(is_counted=False, mode=mode))
    with database.snapshot() as session:
        package(session, "small", tmp_path / "data.zip", include_uncounted=True)
    with zipfile.ZipFile(tmp_path / "data.zip") as archive:
        lines = {name: archive.read(f"small-data/{name}").count(b"\n") for name in ("wide.csv", "paper.csv")}
    assert lines == {"wide.csv": 1 + 3 * 12, "paper.csv": 1 + 12}
    for asked in ("include_uncounted", "include_synthetic"):
        with pytest.raises(AppError, match="it is of those alone who count"):
            exported(database, tmp_path, "paper", **{asked: True})
    assert len(exported(database, tmp_path, "paper")) == 12
