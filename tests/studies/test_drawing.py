from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contract.study import CorrectShare, Questions
from app.studies.drawing import Candidate, DrawError, draw_questions


def make_candidates(right: Sequence[tuple[bool, ...]]) -> list[Candidate]:
    return [Candidate(100 + number, f"q{number}", is_right) for number, is_right in enumerate(right)]


def asked(**fields: Any) -> Questions:
    return Questions.model_validate({"set": "set"} | fields)


def keys(drawn: Sequence[Candidate]) -> list[str]:
    return [candidate.key for candidate in drawn]


TEN = make_candidates([(True, number % 2 == 0) for number in range(10)])  # the even ones are all right

pools = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30).map(make_candidates)


@given(pools, st.data())
def test_a_draw_gives_what_was_asked_in_the_order_of_the_set_and_always_the_same(
    pool: list[Candidate], data: st.DataObject
) -> None:
    excluded = data.draw(st.lists(st.sampled_from([candidate.key for candidate in pool]), unique=True))
    allowed = [candidate for candidate in pool if candidate.key not in excluded]
    require = data.draw(st.sampled_from(["any", "all_correct"]))
    fitting = [candidate for candidate in allowed if require == "any" or all(candidate.is_correct)]
    count, seed = data.draw(st.integers(1, 30)), data.draw(st.integers(-(2**40), 2**40))
    questions = asked(draw={"count": count, "seed": seed}, exclude=excluded, require=require)
    if count > len(fitting):
        with pytest.raises(DrawError, match=f"{count} asked, but there are {len(fitting)} that"):
            draw_questions(pool, questions)
        return
    drawn = draw_questions(pool, questions)
    assert len(drawn) == count
    assert drawn == [candidate for candidate in fitting if candidate in drawn]
    assert draw_questions(list(pool), questions) == drawn


def test_another_seed_draws_others_and_an_excluded_question_does_not_come_back() -> None:
    draws = {tuple(keys(draw_questions(TEN, asked(draw={"count": 4, "seed": seed})))) for seed in range(30)}
    assert len(draws) > 15
    assert set().union(*draws) == set(keys(TEN))
    rest = draw_questions(TEN, asked(draw={"count": 8}, exclude=["q0", "q9"]))
    assert keys(rest) == [f"q{number}" for number in range(1, 9)]


def test_a_seeds_draw_stays_the_same_from_release_to_release() -> None:
    assert keys(draw_questions(TEN, asked(draw={"count": 4, "seed": 7}))) == ["q2", "q5", "q6", "q9"]


@pytest.mark.parametrize("share,right", [(0, 0), (0.25, 1), (0.7, 3), (1, 4)])
def test_a_correct_share_draws_so_many_that_all_students_answer_right(share: float, right: int) -> None:
    questions = asked(draw={"count": 4, "seed": 3}, require={"correct_share": share})
    assert isinstance(questions.require, CorrectShare)
    drawn = draw_questions(TEN, questions)
    assert len(drawn) == 4
    assert sum(all(candidate.is_correct) for candidate in drawn) == right


def test_too_few_of_either_kind_are_said_with_their_number() -> None:
    with pytest.raises(
        DrawError, match=r"questions\.draw: 6 asked, but there are 5 that all students answer r"
    ):
        draw_questions(TEN, asked(draw={"count": 8}, require={"correct_share": 0.75}))
    with pytest.raises(
        DrawError, match=r"questions\.draw: 6 asked, but there are 5 that a student answers wr"
    ):
        draw_questions(TEN, asked(draw={"count": 8}, require={"correct_share": 0.25}))


def test_listed_ids_come_in_the_order_of_the_set() -> None:
    assert keys(draw_questions(TEN, asked(ids=["q7", "q2", "q4"]))) == ["q2", "q4", "q7"]
    assert keys(draw_questions(TEN, asked(ids=["q4", "q2"], require="all_correct"))) == ["q2", "q4"]


@pytest.mark.parametrize(
    "fields,complaint",
    [
        ({"ids": ["q2", "q77"]}, "'q77' is not explained in every condition; did you mean 'q7'?"),
        ({"ids": ["zebra"]}, "'zebra' is not explained in every condition$"),
        ({"ids": ["q2"], "exclude": ["q2"]}, "'q2' is"),
        ({"ids": ["q2", "q3"], "require": "all_correct"}, "'q3' is answered wrong by a student"),
    ],
)
def test_a_listed_id_that_cannot_be_shown_is_named(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DrawError, match=f"^questions.ids: {complaint}"):
        draw_questions(TEN, asked(**fields))
