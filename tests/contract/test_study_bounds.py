"""Every bound of a definition, from both sides: the last value that is taken, and the first that is not."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.contract.complaints import reasons
from app.contract.study import MOST_CHOICES, MOST_ITEMS, StudyDefinition
from tests.factories import make_condition, make_definition

Place = tuple[str | int, ...]
QUESTION = {"text": "Which?", "options": ["a", "b"], "correct": 0}
PRACTICE = {"question": "Why?", "choices": ["a", "b"], "student_answer": 0, "explanation": "So."}
BOUNDS: dict[Place, tuple[list[Any], list[Any]]] = {
    ("estimated_minutes",): ([1, 600], [0, 601]),
    ("questions", "draw", "count"): ([1], [0]),
    ("questions", "require", "CorrectShare", "correct_share"): ([0, 1], [-0.01, 1.01]),
    ("design", "conditions_per_participant", "constrained-int"): ([1], [0]),
    ("design", "items_per_condition"): ([1, 100], [0, 101]),
    ("design", "ratings_per_item"): ([1, 10_000], [0, 10_001]),
    ("design", "reservation_minutes"): ([0.1, 10_080], [0, 10_080.1]),
    ("design", "resume_hours"): ([0.1, 8_760], [0, 8_760.1]),
    ("comprehension", "attempts"): ([1, 10], [0, 11]),
    ("comprehension", "questions"): ([[QUESTION]], [[]]),
    ("comprehension", "questions", 0, "options"): ([["a", "b"]], [["a"]]),
    ("comprehension", "questions", 0, "correct"): ([0], [-1]),
    ("attention", "count"): ([0, 20], [-1, 21]),
    ("practice", 0, "choices"): ([["a", "b"]], [["a"]]),
    ("practice", 0, "student_answer"): ([0], [-1]),
    ("analysis", "exclude", "attention_failed_at_least"): ([1], [0]),
    ("analysis", "exclude", "faster_than_sd"): ([0.1, 100], [0, 100.1]),
    ("analysis", "smallest_effect_of_interest", "points"): ([0.01, 3.9], [0, 8.1]),
    ("analysis", "smallest_effect_of_interest", "odds_ratio"): ([1.01, 1_000], [1, 0.67, 1_000.1]),
    ("scales", "agreement"): ([["a", "b"], list("abcdefghi")], [["a"], list("abcdefghij")]),
    ("conditions",): ([[make_condition("one")]], [[]]),
    ("constructs", 0, "statement"): (["a"], ["", "  "]),
    ("title",): (["a"], ["", "  "]),
    ("slug",): (["a", "a" * 63], ["", "a" * 64]),
    ("language",): (["en", "deu-Latn-1996"], ["e", "engl", "en-", "en-a"]),
}


def refused_at(place: Place, value: object) -> bool:
    """Whether a definition with the value there is refused because of it, whatever else it says."""
    fields = make_definition().model_dump(mode="json")
    fields |= {
        "comprehension": {"questions": [dict(QUESTION)]},
        "attention": {"count": 1},
        "practice": [dict(PRACTICE)],
    }
    fields["analysis"]["smallest_effect_of_interest"] = {"odds_ratio": 1.5}
    fields["questions"]["require"] = {"correct_share": 0.5}
    *way, last = (part for part in place if part not in {"CorrectShare", "constrained-int"})
    inner: Any = fields
    for part in way:
        inner = inner[part]
    inner[last] = value
    try:
        StudyDefinition.model_validate(fields)
    except ValidationError as error:
        return place in {problem["loc"][: len(place)] for problem in error.errors()}
    return False


@pytest.mark.parametrize("place", BOUNDS, ids=lambda place: ".".join(map(str, place)))
def test_a_bound_is_where_it_is_said_to_be(place: Place) -> None:
    taken, refused = BOUNDS[place]
    assert [value for value in taken if refused_at(place, value)] == []
    assert [value for value in refused if not refused_at(place, value)] == []


@pytest.mark.parametrize("value", [None, "version", 1, ["version"]])
def test_what_has_no_keys_is_refused_as_such(value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        StudyDefinition.model_validate(value)
    assert reasons(refused.value).startswith("expected keys with values")


def complaint(**changes: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        make_definition(**changes)
    return reasons(refused.value)


def test_an_empty_text_is_told_as_a_text_and_not_as_a_list() -> None:
    assert complaint(title=" ") == "title: must not be empty"


def test_as_many_items_and_ways_to_choose_as_can_be_planned_are_right_and_one_more_is_not() -> None:
    drawn = {"set": "set", "draw": {"count": 200}}
    assert (
        make_definition(questions=drawn, design={"items_per_condition": 32}).items_per_participant
        == MOST_ITEMS
    )
    assert "66 items for each participant; 64 at most" in complaint(
        questions=drawn, design={"items_per_condition": 33}
    )
    many = [make_condition(f"c{number}") for number in range(MOST_CHOICES)]
    one_of = {"conditions_per_participant": 1}
    assert len(make_definition(conditions=many, design=one_of).conditions) == MOST_CHOICES
    assert "can be chosen in 101 ways" in complaint(conditions=[*many, make_condition("more")], design=one_of)


def test_between_one_item_there_is_no_room_for_a_check() -> None:
    one = {"conditions": [make_condition("one")], "design": {"items_per_condition": 1}}
    assert make_definition(**one, attention={"count": 0}).items_per_participant == 1
    assert "at most 0 checks fit between 1 items" in complaint(**one, attention={"count": 1})


HASH = "f235582df8d167dd75fbd54bec867db49b2c122e1e07d416cc6da1adac1ec8f5"
LEAST = {
    "version": 1,
    "slug": "least",
    "title": "Least",
    "conditions": [{"key": "one", "label": "One", "source": {"bundle": "one"}}],
    "questions": {"set": "set", "draw": {"count": 3}},
    "design": {},
    "constructs": [{"key": "clear", "statement": "It is clear.", "scale": "yes"}],
    "scales": {"yes": ["no", "yes"]},
    "comprehension": {"questions": [QUESTION]},
    "attention": {},
    "practice": [PRACTICE],
    "pages": {"consent": "c", "instructions": "i", "debrief": "d"},
    "questionnaire": [{"key": "age", "text": "Age", "options": ["old"]}],
    "recruitment": {"platform": "link", "codes": {"completed": "C"}},
}


def test_a_definition_keeps_its_hash_from_release_to_release() -> None:
    """A study that is under way is known by it: what is left out must mean the same as before."""
    assert StudyDefinition.model_validate(LEAST).sha256 == HASH
