import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.contract.base import InvalidFile
from app.contract.study import StudyDefinition
from app.studies.definition import parse_definition, read_definition, write_definition
from tests.factories import make_condition, make_definition

SHARED = Path(__file__).parents[3] / "shared/study.example.yaml"
DEMO = Path(__file__).parents[2] / "demo/study.yaml"
SMALL = """\
version: 1
slug: small
title: A small study
conditions:
  - {key: one, label: One, source: {bundle: bundle-one}}
  - key: two
    label: Two
    source: {checkpoint: two}
questions: {set: set, draw: {count: 8, seed: 1}}
design:
  items_per_condition: 2
constructs:
  - key: plausibility
    statement: The explanation is plausible.
    scale: agreement
scales:
  agreement: ["no", neither, "yes"]
pages: {consent: Consent text, instructions: Instructions text, debrief: Debrief text}
recruitment: {platform: link}
"""


def parse(text: str, folder: Path = Path()) -> StudyDefinition:
    return parse_definition(text, "study.yaml", folder)


def changed(old: str, new: str) -> str:
    assert old in SMALL
    return SMALL.replace(old, new, 1)


# What YAML 1.1 or a hasty reader takes for something else than the text it is.
TRICKY = ["off", "yes", "No", "null", "~", "01234567", "1.10", "1e3", "0x1F", "2026-11-25", "12:30", "=1+1"]
TRICKY += ["- x", "# c", "a: b", "{x}", "[", "&a", "*a", "!t", "'", '"', "%", "@", "`", "|", ">", "<<", "…"]
texts = st.sampled_from(TRICKY) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
words = texts.map(str.strip).filter(lambda text: bool(text) and not text.endswith(".md"))


@st.composite
def definitions(draw: st.DrawFn) -> StudyDefinition:
    labels = draw(st.lists(words, min_size=2, max_size=9, unique=True))
    source = draw(st.sampled_from([{"bundle": "01234567"}, {"checkpoint": "1.10"}]))
    fields: dict[str, Any] = {
        "title": draw(words),
        "contact": draw(st.none() | words),
        "conditions": [
            make_condition("off")
            | {"label": draw(words.filter(lambda text: text != "Two")), "source": source},
            make_condition("two"),
        ],
        "scales": {"agreement": labels, "1.0": ["off", "yes"]},
        "practice": [
            {"question": draw(words), "choices": labels, "student_answer": 1, "explanation": draw(words)}
        ],
        "pages": dict.fromkeys(["consent", "instructions", "debrief"], draw(words)),
        "questionnaire": [{"key": "yes", "text": draw(words), "options": draw(st.lists(words, min_size=1))}],
        "recruitment": {
            "platform": "sona",
            "site": "university",
            "experiment": "0123",
            "token": "off",
            "codes": {"completed": draw(words)},
        },
        "comment": draw(st.sampled_from(["off", "optional", "required"])),
        "questions": {"set": "set", "ids": draw(st.lists(words, min_size=4, unique=True))},
        "design": {
            "conditions_per_participant": draw(st.sampled_from(["all", 1])),
            "reservation_minutes": 0.5,
        },
        "analysis": {"reference": "off", "exclude": {"faster_than_sd": 2.5, "straightlining": True}},
    }
    return make_definition(**fields)


@settings(max_examples=60, deadline=None)
@given(definitions())
def test_what_is_written_is_read_again_as_the_same(
    tmp_path_factory: pytest.TempPathFactory, study: StudyDefinition
) -> None:
    path = tmp_path_factory.mktemp("studies") / "study.yaml"
    path.write_text(write_definition(study), encoding="utf-8")
    found = read_definition(path)
    assert found == study
    assert found.sha256 == study.sha256


def test_scalars_stay_what_they_are_written_as_wherever_text_is_expected() -> None:
    found = parse(
        changed('["no", neither, "yes"]', "[off, no, yes, null, 1.10]").replace(
            "link}",
            "link, experiment: 1.10, codes: {completed: 01234567, screened_out: 0x1F, no_consent: ~}}",
        )
        + "comment: off\n"
    )
    assert found.scales["agreement"] == ("off", "no", "yes", "null", "1.10")
    assert found.recruitment.experiment == "1.10"
    assert found.recruitment.codes.model_dump() == {
        "completed": "01234567",
        "screened_out": "0x1F",
        "no_consent": None,
    }
    assert found.comment == "off"


def test_the_types_of_the_contract_are_read_from_text() -> None:
    found = parse(
        changed("  items_per_condition: 2", "  items_per_condition: 2\n  conditions_per_participant: 1")
        + "analysis: {exclude: {attention_failed_at_least: 2, faster_than_sd: null, straightlining: true}}\n"
    )
    assert found.version == 1
    assert found.design.conditions_per_participant == 1
    assert found.analysis.exclude.model_dump() == {
        "attention_failed_at_least": 2,
        "faster_than_sd": None,
        "straightlining": True,
    }


NO_INTEGER = "expected a whole number, found"
PLATFORMS = "'prolific', 'sona', 'cloudresearch', 'mturk' or 'link'"
MISSING_TITLE = "line 1, title: required, but missing."

# What was written, what is written instead, and every line of the complaint.
REFUSED: dict[str, tuple[str, str, list[str]]] = {
    "an unknown key with a close one": (
        "title:",
        "titel:",
        [MISSING_TITLE, "line 3, titel: unknown key; did you mean 'title'?"],
    ),
    "an unknown key in capitals": (
        "title:",
        "Title:",
        [MISSING_TITLE, "line 3, Title: unknown key; did you mean 'title'?"],
    ),
    "an unknown key with none close": (
        "{platform: link}",
        "{platform: link, zzz: 1}",
        [
            (
                "line 19, recruitment.zzz: unknown key; known here: "
                "platform, parameters, completion_url, codes, site, experiment, token, signed_link."
            )
        ],
    ),
    "an unknown key deep inside": (
        "label: Two",
        "label: Two\n    papername: x",
        ["line 8, conditions.1.papername: unknown key; did you mean 'paper_name'?"],
    ),
    "a missing key": (
        "    statement: The explanation is plausible.\n",
        "",
        ["line 13, constructs.0.statement: required, but missing."],
    ),
    "a wrong literal": (
        "platform: link",
        "platform: prolifik",
        [
            (
                f"line 19, recruitment.platform: expected {PLATFORMS}, "
                "found 'prolifik'; did you mean 'prolific'?"
            )
        ],
    ),
    "a wrong number": (
        "items_per_condition: 2",
        "items_per_condition: two",
        [f"line 11, design.items_per_condition: {NO_INTEGER} 'two'."],
    ),
    "a number or a word": (
        "items_per_condition: 2",
        "items_per_condition: 2\n  conditions_per_participant: none",
        [
            "line 12, design.conditions_per_participant: expected 'all', found 'none'.",
            f"line 12, design.conditions_per_participant: {NO_INTEGER} 'none'.",
        ],
    ),
    "a scale too short, in capitals": (
        "scales:",
        "scales:\n  Trust: [one]",
        ["line 17, scales.Trust: needs at least 2 entries, and has 1."],
    ),
    "a contradiction": (
        "scale: agreement",
        "scale: agrement",
        ["line 15, constructs.0.scale: 'agrement' is no scale of this study; did you mean 'agreement'?"],
    ),
    "a contradiction of what is left out": (
        "draw: {count: 8, seed: 1}",
        "draw: {count: 3, seed: 1}",
        [("line 9, questions: 3 questions, but each participant needs 4 different ones (2 conditions × 2).")],
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_every_mistake_is_one_line_with_place_and_what_was_expected(kind: str) -> None:
    old, new, lines = REFUSED[kind]
    with pytest.raises(InvalidFile) as refused:
        parse(changed(old, new))
    first, *others = str(refused.value).splitlines()
    assert first == "study.yaml is not a valid study definition:"
    assert sorted(others) == sorted(f"  {line}" for line in lines)


NOT_YAML = {
    "a duplicate key": (changed("title:", "slug: other\ntitle:"), 'line 3: found duplicate key "slug"'),
    "a deep duplicate key": (
        changed("count: 8", "count: 8, count: 9"),
        'line 9: found duplicate key "count"',
    ),
    "broken YAML": (changed("{set: set,", "{set: set"), "study.yaml, line 9: "),
    "a tab": (changed("  items_per", "\titems_per"), "study.yaml, line 11: "),
    "a control character": (changed("A small", "A \x07 small"), "study.yaml.*: "),
    "nothing": ("", "study.yaml: expected keys like 'slug:' and 'title:' at the top."),
    "a list": ("- a\n- b\n", "study.yaml: expected keys like"),
    "two documents": (SMALL + "---\n" + SMALL, "study.yaml, line (19|20): "),
    "a Python object": (changed("title: A", "title: !!python/object/apply:os.getcwd []\nx: A"), "title"),
}


@pytest.mark.parametrize("kind", NOT_YAML)
def test_what_is_no_mapping_in_yaml_is_refused_with_its_line(kind: str) -> None:
    text, complaint = NOT_YAML[kind]
    with pytest.raises(InvalidFile, match=complaint):
        parse(text)


lines = SMALL.splitlines()
MUTATIONS = ["", "[]", "{}", "x", "~", "- a", "Key: 1", "{Key: {Other: 1}}", "&a [*a]", "? [a]\n: b", "12"]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(lines) - 1), st.sampled_from([0, 2, 4, 10, 30]), st.sampled_from(MUTATIONS))
def test_however_a_file_is_broken_it_is_read_or_refused_never_a_crash(
    number: int, column: int, junk: str
) -> None:
    broken = list(lines)
    broken[number] = broken[number][:column] + junk
    try:
        parse("\n".join(broken))
    except InvalidFile as error:
        assert str(error).startswith("study.yaml")  # noqa: PT017  # both outcomes are right


def test_pages_are_read_from_the_files_beside_the_definition_or_stand_in_it(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("\ufeff" + changed("Consent text", "consent.md"), encoding="utf-8")
    (tmp_path / "consent.md").write_bytes("\ufeff# Zustimmung\r\n\r\nJa – gern.\r\n".encode())
    found = read_definition(path)
    assert found.pages.consent == "# Zustimmung\n\nJa – gern."
    assert found.pages.instructions == "Instructions text"


def test_a_page_whose_file_is_missing_is_named(tmp_path: Path) -> None:
    text = changed("Debrief text", "debrief.md")
    with pytest.raises(InvalidFile, match=r"study\.yaml: pages\.debrief: there is no file debrief\.md"):
        parse(text, tmp_path)


@pytest.mark.parametrize("name", ["study.yaml", "consent.md"])
def test_a_file_that_is_not_utf_8_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "study.yaml").write_text(changed("Consent text", "consent.md"), encoding="utf-8")
    (tmp_path / "consent.md").write_text("Text", encoding="utf-8")
    (tmp_path / name).write_bytes(b"title: \xff")
    with pytest.raises(InvalidFile, match=f"{re.escape(name)}: not UTF-8"):
        read_definition(tmp_path / "study.yaml")


def test_a_definition_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="there is no such file"):
        read_definition(tmp_path)


def test_the_shared_example_is_valid(tmp_path: Path) -> None:
    if not SHARED.exists():
        pytest.skip("../shared is not here")
    shutil.copy(SHARED, tmp_path / "study.yaml")
    for name in ("consent", "instructions", "debrief"):
        (tmp_path / f"{name}.md").write_text(f"# {name}", encoding="utf-8")
    found = read_definition(tmp_path / "study.yaml")
    assert [condition.key for condition in found.conditions] == ["mt", "mtcf-rev"]
    assert found.pages.consent == "# consent"
    assert (found.comment, found.own_answer, found.items_per_participant) == ("optional", "off", 6)


def test_the_demo_is_valid_and_round_trips() -> None:
    found = read_definition(DEMO)
    assert parse(write_definition(found)) == found


def test_page_texts_come_from_the_definitions_own_folder_alone(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    (tmp_path / "secret.md").write_text("Nobody's business", encoding="utf-8")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    for name in ("../secret.md", "link.md", str(tmp_path / "secret.md")):
        with pytest.raises(InvalidFile, match=r"pages\.consent: .* lies outside of the definition's folder"):
            parse(changed("Consent text", name), folder)
    with pytest.raises(InvalidFile, match=r"pages\.consent: 'xxx.* is too long for the name of a file"):
        parse(changed("Consent text", "x" * 5000 + ".md"), folder)
