import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.contract.study import EXPORT_COLUMNS, StudyDefinition
from app.exports.tables import ANSWER_COLUMNS, RESPONSE_COLUMNS
from tests.factories import LABELS, make_condition, make_definition

QUESTION = {"text": "What?", "options": ["this", "that"]}
PRACTICE = {"question": "What?", "choices": ["this", "that"], "explanation": "So."}
CONSTRUCT = {"key": "trust", "statement": "I trust it.", "scale": "agreement"}

# What makes the small study disagree with itself, and the one complaint that follows.
CONTRADICTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "repeated condition": (
        {"conditions": [make_condition("one"), make_condition("one") | {"label": "Two"}]},
        "conditions: the key 'one' is used 2 times; each must be different.",
    ),
    "repeated label": (
        {"conditions": [make_condition("one"), make_condition("two") | {"label": "One"}]},
        "conditions: the label 'One' is used 2 times; each must be different.",
    ),
    "repeated construct": (
        {"constructs": [CONSTRUCT, CONSTRUCT]},
        "constructs: the key 'trust' is used 2 times; each must be different.",
    ),
    "repeated questionnaire key": (
        {"questionnaire": [{"key": "age", "text": "Age", "kind": "text"}] * 3},
        "questionnaire: the key 'age' is used 3 times; each must be different.",
    ),
    "repeated id": (
        {"questions": {"set": "set", "ids": ["a", "b", "c", "d", "a"]}},
        "questions.ids: the id 'a' is used 2 times; each must be different.",
    ),
    "repeated scale label": (
        {"scales": {"agreement": LABELS, "odd": ["no", "no", "yes"]}},
        "scales.odd: the label 'no' is used 2 times; each must be different.",
    ),
    "scale with a close one": (
        {"constructs": [CONSTRUCT, CONSTRUCT | {"key": "other", "scale": "agrement"}]},
        "constructs.1.scale: 'agrement' is no scale of this study; did you mean 'agreement'?",
    ),
    "scale with none close": (
        {"constructs": [CONSTRUCT | {"scale": "trust"}]},
        "constructs.0.scale: 'trust' is no scale of this study; there is agreement.",
    ),
    "reference": (
        {"analysis": {"reference": "on"}},
        "analysis.reference: 'on' is no condition of this study; did you mean 'one'?",
    ),
    "a smallest effect as wide as the scale": (
        {"analysis": {"smallest_effect_of_interest": {"points": 4}}},
        (
            "analysis.smallest_effect_of_interest.points: 4 is as much as ratings on 'agreement' can differ "
            "at all (4); say fewer."
        ),
    ),
    "too few questions": (
        {"questions": {"set": "set", "draw": {"count": 3}}},
        "questions: 3 questions, but each participant needs 4 different ones (2 conditions × 2).",
    ),
    "too few ids": (
        {"questions": {"set": "set", "ids": ["a", "b", "c"]}},
        "questions: 3 questions, but each participant needs 4 different ones (2 conditions × 2).",
    ),
    "neither draw nor ids": (
        {"questions": {"set": "set"}},
        "questions: say either draw: {count: …, seed: …} or ids: […], one of the two.",
    ),
    "draw and ids": (
        {"questions": {"set": "set", "ids": list("abcd"), "draw": {"count": 4}}},
        "questions: say either draw: {count: …, seed: …} or ids: […], one of the two.",
    ),
    "too many conditions": (
        {"design": {"conditions_per_participant": 3, "items_per_condition": 1}},
        "design.conditions_per_participant: 3 asked, but there are only 2 conditions.",
    ),
    "too many items": (
        {"design": {"items_per_condition": 33}, "questions": {"set": "set", "draw": {"count": 100}}},
        "design.items_per_condition: 66 items for each participant; 64 at most.",
    ),
    "too many attention checks": (
        {"attention": {"count": 4}},
        "attention.count: at most 3 checks fit between 4 items (never first, last or next to another).",
    ),
    "attention without label": (
        {"attention": {"count": 1, "statement": "Choose agree."}},
        "attention.statement: must contain {label}, where the asked answer is filled in.",
    ),
    "option past the end": (
        {"comprehension": {"questions": [QUESTION | {"correct": 0}, QUESTION | {"correct": 2}]}},
        "comprehension.questions.1.correct: 2 is past the last option; options are counted from 0.",
    ),
    "choice past the end": (
        {"practice": [PRACTICE | {"student_answer": 1}, PRACTICE | {"student_answer": 2}]},
        "practice.1.student_answer: 2 is past the last choice; choices are counted from 0.",
    ),
    "choice without options": (
        {"questionnaire": [{"key": "age", "text": "Age"}]},
        "questionnaire.0.options: say what can be chosen, or kind: text.",
    ),
}


@pytest.mark.parametrize("kind", CONTRADICTIONS)
def test_a_definition_that_disagrees_with_itself_is_refused_with_the_place(kind: str) -> None:
    changes, complaint = CONTRADICTIONS[kind]
    with pytest.raises(ValidationError) as refused:
        make_definition(**changes)
    [problem] = refused.value.errors()
    assert str(problem["ctx"]["error"]) == complaint


def test_all_contradictions_are_said_at_once() -> None:
    with pytest.raises(ValidationError) as refused:
        make_definition(analysis={"reference": "three"}, attention={"count": 9}, scales={"a": ["x", "y"]})
    assert len(str(refused.value.errors()[0]["ctx"]["error"]).splitlines()) == 4


def test_as_many_checks_as_there_are_inner_gaps_and_indices_up_to_the_last_are_right() -> None:
    study = make_definition(
        attention={"count": 3},
        comprehension={"questions": [QUESTION | {"correct": 1}]},
        practice=[PRACTICE | {"student_answer": 1}],
        questions={"set": "set", "draw": {"count": 4}},
        analysis={"reference": "two"},
    )
    assert (study.items_per_participant, study.attention_count) == (4, 3)
    assert make_definition(attention={"count": 0, "statement": "off"}).attention_count == 0


WRONG: dict[str, tuple[dict[str, Any], tuple[int | str, ...]]] = {
    "a slug with capitals": ({"slug": "Small"}, ("slug",)),
    "a slug that climbs": ({"slug": "../x"}, ("slug",)),
    "a blank title": ({"title": "  "}, ("title",)),
    "version 2": ({"version": 2}, ("version",)),
    "no condition": ({"conditions": []}, ("conditions",)),
    "a scale of one": ({"scales": {"agreement": ["yes"]}}, ("scales", "agreement")),
    "a scale of ten": ({"scales": {"agreement": list("abcdefghij")}}, ("scales", "agreement")),
    "no attempts": ({"comprehension": {"attempts": 0, "questions": [QUESTION]}}, ("comprehension",)),
    "a negative index": (
        {"practice": [PRACTICE | {"student_answer": -1}]},
        ("practice", 0, "student_answer"),
    ),
    "no ratings": ({"design": {"ratings_per_item": 0}}, ("design", "ratings_per_item")),
    "no time": ({"design": {"reservation_minutes": 0}}, ("design", "reservation_minutes")),
    "a share above one": (
        {"questions": {"set": "set", "draw": {"count": 8}, "require": {"correct_share": 1.1}}},
        ("questions", "require"),
    ),
    "plain http": (
        {"recruitment": {"platform": "link", "completion_url": "http://example.org/{code}"}},
        ("recruitment", "completion_url"),
    ),
    "an exclusion at no number": ({"analysis": {"exclude": {"faster_than_sd": "nan"}}}, ("analysis",)),
    "an exclusion at infinity": ({"analysis": {"exclude": {"faster_than_sd": "inf"}}}, ("analysis",)),
    "a negative exclusion": ({"analysis": {"exclude": {"faster_than_sd": -1}}}, ("analysis",)),
    "an exclusion of everyone": ({"analysis": {"exclude": {"attention_failed_at_least": 0}}}, ("analysis",)),
    "a smallest effect of nothing": (
        {"analysis": {"smallest_effect_of_interest": {}}},
        ("analysis", "smallest_effect_of_interest"),
    ),
    "text with U+0000": ({"title": "a\0b"}, ("title",)),
    "half a surrogate pair": (
        {"pages": dict.fromkeys(["consent", "instructions", "debrief"], "\ud800")},
        ("pages",),
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_value_out_of_bounds_is_refused_at_its_place(kind: str) -> None:
    changes, place = WRONG[kind]
    with pytest.raises(ValidationError) as refused:
        make_definition(**changes)
    assert all(problem["loc"][: len(place)] == place for problem in refused.value.errors())


@given(st.integers(1, 6), st.integers(1, 10), st.sampled_from(["all", 1]))
def test_items_per_participant_are_those_of_the_conditions_each_one_sees(
    conditions: int, each: int, asked: str | int
) -> None:
    study = make_definition(
        conditions=[make_condition(f"c{number}") for number in range(conditions)],
        design={"items_per_condition": each, "conditions_per_participant": asked},
        questions={"set": "set", "draw": {"count": 60}},
    )
    assert study.conditions_per_participant == (conditions if asked == "all" else 1)
    assert study.items_per_participant == each * study.conditions_per_participant


def test_a_plan_without_a_smallest_effect_is_written_and_hashed_as_before_there_was_one() -> None:
    study = make_definition(analysis={"smallest_effect_of_interest": "null"})
    assert study.sha256 == make_definition().sha256
    assert "smallest_effect_of_interest" not in study.model_dump(mode="json")["analysis"]
    planned = make_definition(analysis={"smallest_effect_of_interest": {"points": "0.5"}})
    stored = json.loads(json.dumps(planned.model_dump(mode="json")))
    found = StudyDefinition.model_validate(stored).analysis.smallest_effect_of_interest
    assert found is not None
    assert (found.points, found.odds_ratio) == (0.5, None)


def test_the_hash_is_of_the_content_alone() -> None:
    study = make_definition(contact=None, comment="off")
    assert make_definition().sha256 == study.sha256
    assert make_definition(contact="~").sha256 == study.sha256
    stored = json.loads(json.dumps(study.model_dump(mode="json")))
    assert StudyDefinition.model_validate(stored).sha256 == study.sha256
    assert make_definition(comment="optional").sha256 != study.sha256
    assert make_definition(title="A small study ").sha256 == study.sha256


@pytest.mark.parametrize(
    "recruitment, complaint",
    [
        ({"platform": "prolific"}, "recruitment.codes.completed: required"),
        (
            {"platform": "cloudresearch", "codes": {"screened_out": "X"}},
            "recruitment.codes.completed: required",
        ),
        (
            {"platform": "link", "completion_url": "https://example.org/?c={code}"},
            "recruitment.codes.completed: required",
        ),
        ({"platform": "sona", "site": "uni", "token": "t"}, "recruitment.experiment: required"),
    ],
)
def test_a_study_in_which_nobody_could_be_paid_is_refused(
    recruitment: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        make_definition(recruitment=recruitment)


def test_a_construct_cannot_take_the_name_of_an_exports_column() -> None:
    assert {*RESPONSE_COLUMNS, *ANSWER_COLUMNS} == EXPORT_COLUMNS
    constructs = [{"key": "position", "statement": "Where?", "scale": "agreement"}]
    with pytest.raises(ValidationError, match="'position' is a column of the exports"):
        make_definition(constructs=constructs)


def test_more_ways_to_choose_conditions_than_can_be_planned_are_refused() -> None:
    conditions = [make_condition(f"c{number}") for number in range(10)]
    with pytest.raises(ValidationError, match="can be chosen in 252 ways"):
        make_definition(
            conditions=conditions, design={"conditions_per_participant": 5, "items_per_condition": 1}
        )
    assert make_definition(conditions=conditions[:8], design={"conditions_per_participant": 4})
