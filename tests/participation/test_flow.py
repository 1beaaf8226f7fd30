from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.participation.flow import ENDINGS, Kind, Progress, Shape, Step, asked_label, check_gaps, next_step


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    items = draw(st.integers(1, 20))
    return Shape(
        has_comprehension=draw(st.booleans()),
        practice=draw(st.integers(0, 3)),
        has_own_answer=draw(st.booleans()),
        items=items,
        checks=draw(st.integers(0, min(items - 1, 4))),
        has_questionnaire=draw(st.booleans()),
    )


def done(progress: Progress, step: Step) -> Progress:
    """The progress after submitting a step."""
    changes: dict[Kind, dict[str, object]] = {
        Kind.CONSENT: {"has_consented": True},
        Kind.INSTRUCTIONS: {"has_read_instructions": True},
        Kind.COMPREHENSION: {"has_understood": True},
        Kind.PRACTICE: {"practice_done": progress.practice_done + 1},
        Kind.OWN_ANSWER: {"has_own_answer": True},
        Kind.ITEM: {"items_answered": progress.items_answered + 1, "has_own_answer": False},
        Kind.CHECK: {"checks_answered": progress.checks_answered + 1},
        Kind.QUESTIONNAIRE: {"has_questionnaire": True},
    }
    return replace(progress, **changes[step.kind])  # type: ignore[arg-type]  # names are Progress's own


def walk(shape: Shape, seed: int) -> list[Step]:
    progress, steps = Progress(status="active", seed=seed), []
    while (step := next_step(shape, progress)).kind is not Kind.COMPLETED:
        steps.append(step)
        progress = done(progress, step)
    return steps


@given(shapes(), st.integers(0, 2**62))
def test_every_path_ends_and_shows_every_part_once_in_order(shape: Shape, seed: int) -> None:
    steps = walk(shape, seed)
    assert len(set(steps)) == len(steps)

    def numbers(kind: Kind) -> list[int]:
        return [step.number for step in steps if step.kind is kind]

    assert numbers(Kind.ITEM) == list(range(1, shape.items + 1))
    assert numbers(Kind.OWN_ANSWER) == (numbers(Kind.ITEM) if shape.has_own_answer else [])
    assert numbers(Kind.CHECK) == list(range(1, shape.checks + 1))
    assert numbers(Kind.PRACTICE) == list(range(1, shape.practice + 1))
    once = [Kind.CONSENT, Kind.INSTRUCTIONS, Kind.COMPREHENSION, Kind.QUESTIONNAIRE]
    present = [True, True, shape.has_comprehension, shape.has_questionnaire]
    assert [len(numbers(kind)) for kind in once] == [int(is_there) for is_there in present]
    order = [*once[:3], Kind.PRACTICE, Kind.ITEM, Kind.QUESTIONNAIRE]
    same = {Kind.OWN_ANSWER: Kind.ITEM, Kind.CHECK: Kind.ITEM}
    ranks = [order.index(same.get(step.kind, step.kind)) for step in steps]
    assert ranks == sorted(ranks)


@given(shapes(), st.integers(0, 2**62))
def test_attention_checks_are_never_first_last_or_next_to_another(shape: Shape, seed: int) -> None:
    main = [step.kind for step in walk(shape, seed) if step.kind in {Kind.ITEM, Kind.CHECK}]
    assert main[0] is Kind.ITEM
    assert main[-1] is Kind.ITEM
    assert all(set(pair) != {Kind.CHECK} for pair in pairwise(main))


@given(shapes(), st.sampled_from(sorted(ENDINGS)), st.integers(0, 30), st.integers(0, 5))
def test_an_ending_stays_the_ending_whatever_was_done(
    shape: Shape, status: str, items: int, checks: int
) -> None:
    progress = Progress(status=status, seed=1, items_answered=items, checks_answered=checks, is_too_late=True)
    assert next_step(shape, progress) == Step(ENDINGS[status])


@given(shapes())
def test_who_is_excluded_after_the_end_keeps_the_last_page_and_others_find_a_closed_one(shape: Shape) -> None:
    finished = Progress(
        status="excluded",
        seed=1,
        items_answered=shape.items,
        checks_answered=shape.checks,
        has_questionnaire=True,
    )
    assert next_step(shape, finished) == Step(Kind.COMPLETED)
    assert next_step(shape, replace(finished, items_answered=shape.items - 1)) == Step(Kind.CLOSED)


@given(shapes(), st.integers(0, 2**62))
def test_who_comes_back_too_late_finds_a_closed_page_at_any_step(shape: Shape, seed: int) -> None:
    assert next_step(shape, Progress(status="dropped", seed=seed, is_too_late=True)) == Step(Kind.CLOSED)
    assert next_step(shape, Progress(status="dropped", seed=seed)) == Step(Kind.CONSENT)


@given(st.integers(2, 9), st.integers(1, 5), st.integers(0, 2**62))
def test_a_check_asks_for_a_label_that_is_never_the_midpoint(points: int, number: int, seed: int) -> None:
    labels = tuple(str(value) for value in range(1, points + 1))
    asked = asked_label(labels, number, seed)
    assert 1 <= asked <= points
    assert 2 * asked != points + 1


def test_checks_and_labels_vary_by_seed() -> None:
    assert len({check_gaps(12, 2, seed) for seed in range(50)}) > 10
    assert {asked_label(("a", "b", "c", "d", "e"), 1, seed) for seed in range(50)} == {1, 2, 4, 5}
