"""The planner against brute force on small cases, and to the end of whole studies."""

from itertools import combinations, product
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.contract.study import MOST_ITEMS
from app.participation.assignment import (
    CHANCE,
    FORBIDDEN,
    LOAD_UNIT,
    LOADS,
    QUESTION_LOADS,
    QUESTION_UNIT,
    ItemLoad,
    NotEnoughQuestionsError,
    plan_assignments,
)

Grid = dict[tuple[int, int], int]  # (question, condition) → load


def items_of(grid: Grid) -> list[ItemLoad]:
    return [
        ItemLoad(1 + 100 * question + condition, question, condition, load)
        for (question, condition), load in grid.items()
    ]


@st.composite
def small_grids(draw: st.DrawFn) -> tuple[Grid, int, int]:
    """Loads of up to 6 questions × 3 conditions, the number of conditions, and items per condition."""
    conditions = draw(st.integers(1, 3))
    each = draw(st.integers(1, 2))
    questions = draw(st.integers(conditions * each, 6))
    loads = draw(
        st.lists(st.integers(0, 4), min_size=questions * conditions, max_size=questions * conditions)
    )
    cells = product(range(questions), range(conditions))
    return dict(zip(cells, loads, strict=True)), conditions, each


def all_plans(grid: Grid, conditions: int, each: int) -> list[list[tuple[int, int]]]:
    """Every plan there is: for each condition a set of questions, all questions different."""
    questions = sorted({question for question, _ in grid})

    def extend(condition: int, used: frozenset[int]) -> list[list[tuple[int, int]]]:
        if condition == conditions:
            return [[]]
        free = [question for question in questions if question not in used]
        return [
            [(question, condition) for question in chosen] + rest
            for chosen in combinations(free, each)
            for rest in extend(condition + 1, used | set(chosen))
        ]

    return extend(0, frozenset())


@given(small_grids(), st.integers(0, 2**62))
def test_a_plan_is_valid_and_as_even_as_the_best_of_all_plans(case: tuple[Grid, int, int], seed: int) -> None:
    grid, conditions, each = case
    plan = plan_assignments(items_of(grid), conditions, each, seed)
    chosen = [(item.question_id, item.condition_id) for items in plan.values() for item in items]
    assert len({question for question, _ in chosen}) == len(chosen) == conditions * each
    assert all(len(items) == each for items in plan.values())
    assert all(item.condition_id == condition for condition, items in plan.items() for item in items)

    def unevenness(cells: list[tuple[int, int]]) -> tuple[int, int]:
        after = {cell: load + (cell in cells) for cell, load in grid.items()}
        question_load = sum(grid[question, c] for question, _ in cells for c in range(conditions))
        return sum(load * load for load in after.values()), question_load

    best = min(unevenness(cells) for cells in all_plans(grid, conditions, each))
    assert unevenness(chosen) == best


@given(
    questions=st.integers(2, 16),
    conditions=st.integers(1, 4),
    each=st.integers(1, 4),
    target=st.integers(1, 3),
    seeds=st.randoms(use_true_random=False),
)
def test_when_all_complete_and_the_target_divides_every_item_has_exactly_its_target(
    questions: int, conditions: int, each: int, target: int, seeds: Random
) -> None:
    assume(questions >= conditions * each and questions * target % each == 0)
    grid: Grid = dict.fromkeys(product(range(questions), range(conditions)), 0)
    for _ in range(questions * target // each):
        seed = seeds.getrandbits(62)
        plan = plan_assignments(items_of(grid), conditions, each, seed)
        for item in (item for items in plan.values() for item in items):
            grid[item.question_id, item.condition_id] += 1
    assert set(grid.values()) == {target}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "conditions, shown, each, extra", [(2, 1, 3, 0), (3, 2, 1, 2), (4, 2, 2, 0), (4, 3, 1, 2), (5, 2, 3, 2)]
)
def test_some_conditions_per_participant_end_even_too(
    conditions: int, shown: int, each: int, extra: int, seed: int
) -> None:
    questions, chance = shown * each + extra, Random(seed)
    grid: Grid = dict.fromkeys(product(range(questions), range(conditions)), 0)
    for _ in range(conditions * questions):
        plan = plan_assignments(items_of(grid), shown, each, chance.getrandbits(62))
        assert len(plan) == shown
        for item in (item for items in plan.values() for item in items):
            grid[item.question_id, item.condition_id] += 1
    assert set(grid.values()) == {shown * each}


@given(st.data(), st.integers(0, 2**32))
def test_with_dropouts_every_item_reaches_the_target_in_the_end(data: st.DataObject, seed: int) -> None:
    questions, conditions, each, target = 8, 3, 2, 2
    answered: Grid = dict.fromkeys(product(range(questions), range(conditions)), 0)
    for number in range(200):
        if min(answered.values()) >= target:
            break
        plan = plan_assignments(items_of(answered), conditions, each, seed + number)
        dealt = [item for items in plan.values() for item in items]
        stays = number > 20 or data.draw(st.booleans(), label="stays")
        for item in dealt if stays else dealt[: data.draw(st.integers(0, len(dealt)), label="answers")]:
            answered[item.question_id, item.condition_id] += 1
    assert min(answered.values()) >= target


def test_the_same_seed_gives_the_same_plan_and_other_seeds_give_others() -> None:
    items = items_of(dict.fromkeys(product(range(20), range(4)), 0))
    plans = [str(plan_assignments(items, 4, 3, seed)) for seed in (1, 1, 2, 3)]
    assert plans[0] == plans[1]
    assert len(set(plans)) == 3


@pytest.mark.parametrize(
    "conditions,expected",
    [
        (4, {0: [401, 1101], 1: [302, 2], 2: [903, 603], 3: [1004, 804]}),
        (2, {1: [902, 602], 2: [303, 3]}),
    ],
)
def test_a_seed_gives_the_plan_that_it_gave_in_earlier_releases(
    conditions: int, expected: dict[int, list[int]]
) -> None:
    items = items_of({(question, c): question * c % 3 for question, c in product(range(12), range(4))})
    plan = plan_assignments(items, conditions, 2, 7)
    assert {condition: [item.item_id for item in found] for condition, found in plan.items()} == expected


@given(small_grids(), st.integers(0, 2**62), st.sampled_from([2**12, 2**14, 2**20]))
def test_loads_beyond_all_bounds_still_give_a_plan_of_the_least_loaded(
    case: tuple[Grid, int, int], seed: int, far: int
) -> None:
    """Some questions have so many ratings that their costs are cut off: none of them is taken."""
    grid, conditions, each = case
    raised = {cell: load + far * (cell[0] >= conditions * each) for cell, load in grid.items()}
    plan = plan_assignments(items_of(raised), conditions, each, seed)
    questions = [item.question_id for items in plan.values() for item in items]
    assert sorted(questions) == list(range(conditions * each))


def test_costs_of_a_whole_plan_are_exact_and_none_spills_into_the_next() -> None:
    assert MOST_ITEMS * CHANCE <= QUESTION_UNIT
    assert MOST_ITEMS * QUESTION_LOADS * QUESTION_UNIT <= LOAD_UNIT
    assert LOADS * LOAD_UNIT < FORBIDDEN <= 2**53 / MOST_ITEMS


def test_too_few_questions_are_an_error_and_not_a_repeated_question() -> None:
    with pytest.raises(NotEnoughQuestionsError, match="4 different questions are needed"):
        plan_assignments(items_of(dict.fromkeys(product(range(3), range(2)), 0)), 2, 2, 1)


def test_questions_that_not_all_conditions_have_are_an_error_where_no_plan_exists() -> None:
    grid: Grid = {(0, 0): 0, (1, 0): 0, (2, 1): 0, (3, 1): 0, (4, 0): 0}
    with pytest.raises(NotEnoughQuestionsError):
        plan_assignments(items_of(grid), 2, 3, 1)
    enough_but_for_one: Grid = {(0, 0): 0, (1, 0): 0, (2, 0): 0, (3, 1): 0}
    with pytest.raises(NotEnoughQuestionsError):
        plan_assignments(items_of(enough_but_for_one), 2, 2, 1)
