from pathlib import Path
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contract.base import InvalidFile
from app.simulation.people import Effects, Person, read_effects

means = st.floats(-100, 100)


def ratings(
    condition: str, effects: Effects, *, seed: int = 1, people: int = 300, construct: str = "trust"
) -> list[int]:
    return [Person(seed, number, effects).rating(condition, construct, 5) for number in range(people)]


@given(st.integers(), st.integers(1, 10_000), means)
def test_the_same_seed_and_number_always_answer_alike(seed: int, number: int, effect: float) -> None:
    options = {"1": "a", "2": "b", "3": "c"}

    def answers() -> list[int | str]:
        person = Person(seed, number, Effects({"one": effect}))
        return [person.rating("one", "x", 5), person.choose(options), person.rating("two", "y", 7)]

    assert answers() == answers()


@given(means, st.integers(2, 9), st.integers(1, 50))
def test_a_rating_is_always_on_the_scale(effect: float, points: int, number: int) -> None:
    person = Person(0, number, Effects({"one": effect}))
    assert 1 <= person.rating("one", "trust", points) <= points
    assert 1 <= person.rating("another", "trust", points) <= points


def test_other_seeds_and_numbers_are_other_people() -> None:
    effects = Effects({"one": 3})
    assert ratings("one", effects, seed=1) != ratings("one", effects, seed=2)
    assert len(set(ratings("one", effects))) == 5


def test_effects_shift_the_mean_for_their_condition_and_construct_alone() -> None:
    effects = Effects({"low": 2.0, "mixed": {"trust": 4.0}})
    assert abs(mean(ratings("low", effects)) - 2.0) < 0.2
    assert abs(mean(ratings("low", effects, construct="else")) - 2.0) < 0.2
    assert abs(mean(ratings("mixed", effects)) - 4.0) < 0.2
    neutral = ratings("mixed", effects, construct="else")
    assert neutral == ratings("unnamed", effects)
    assert abs(mean(neutral) - 3.4) < 0.2


def test_one_person_leans_to_one_side_over_all_items() -> None:
    people = [Person(3, number, Effects({})) for number in range(200)]
    pairs = [(person.rating("a", "x", 9), person.rating("b", "y", 9)) for person in people]
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    centre_1, centre_2 = mean(first), mean(second)
    assert mean((one - centre_1) * (two - centre_2) for one, two in pairs) > 0.5


@pytest.mark.parametrize("content", ["mt: 3.2\nmtcf: {trust: 4}\n", '{"mt": 3.2, "mtcf": {"trust": 4}}'])
def test_effects_are_read_from_yaml_and_json(tmp_path: Path, content: str) -> None:
    (tmp_path / "effects").write_text(content, encoding="utf-8")
    effects = read_effects(tmp_path / "effects")
    assert (effects.mean("mt", "trust"), effects.mean("mt", "x")) == (3.2, 3.2)
    assert (effects.mean("mtcf", "trust"), effects.mean("mtcf", "x")) == (4.0, None)
    assert effects.mean("other", "trust") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"3.2",
        b"- mt",
        b"mt: high",
        b"mt: {trust: {x: 1}}",
        b"mt: 101",
        b"mt: .nan",
        b"mt: [",
        b"\xff\xfe",
    ],
)
def test_effects_that_are_none_are_refused_with_an_example(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "effects.yaml").write_bytes(content)
    with pytest.raises(InvalidFile, match=r"effects\.yaml: expected condition keys .* such as 'mt: 3\.2'"):
        read_effects(tmp_path / "effects.yaml")


def test_a_condition_named_twice_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "effects.yaml").write_text("mt: 1\nmt: 2\n", encoding="utf-8")
    with pytest.raises(InvalidFile, match="duplicate key"):
        read_effects(tmp_path / "effects.yaml")
    with pytest.raises(InvalidFile, match="No such file"):
        read_effects(tmp_path / "none.yaml")
