"""Which items a participant gets: pure planning, no database.

A plan takes some conditions and so many items of each, never two of one question. Among all such plans
it has the smallest sum of loads, which is also the smallest sum of squared loads afterwards: no plan
leaves the items more even. Ties go to the questions with the smallest load over all conditions. That is
the look-ahead: a question that still lacks ratings in several conditions can be shown to one participant
only once, so a choice that leaves such questions for the end finishes uneven. Last, the participant's
seed decides.

Why this ends even when everybody sees all conditions: questions and conditions form a bipartite
multigraph of missing ratings; by König's edge-colouring theorem it splits into perfect plans while no
question lacks more ratings than there are participants to come, and taking the questions that lack most
keeps it so.
"""

import heapq
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

import numpy as np

# Costs are packed into one float64, exact below 2**53: load above question load above chance, each kept
# from spilling into the next by the number of items a participant can get (at most 2**6).
CHANCE = 2**8
QUESTION_UNIT = 2**14
QUESTION_LOADS = 2**14
LOAD_UNIT = 2**34
LOADS = 2**12
FORBIDDEN = float(LOAD_UNIT * LOADS * 2)
LOOK_AHEAD_PARTICIPANTS = 12
LOOK_AHEAD_DRAWS = 16
LOOK_AHEAD_ROLLS = 6
LOOK_AHEAD_MATCHINGS = 1_000  # all of one participant's look-ahead together: at most half a second


@dataclass(frozen=True)
class ItemLoad:
    """`load` = answers that count + live reservations."""

    item_id: int
    question_id: int
    condition_id: int
    load: int


class NotEnoughQuestionsError(ValueError):
    """No plan exists: fewer different questions than items per participant."""


Plan = dict[int, list[ItemLoad]]  # condition id → its items


def plan_assignments(items: Sequence[ItemLoad], conditions: int, items_per_condition: int, seed: int) -> Plan:
    """Plan one participant's items: `conditions` conditions with `items_per_condition` items each.

    `items` are all items of the version; `seed` is the participant's.
    Raises: NotEnoughQuestionsError.
    """
    ranked = ranked_plans(items, conditions, items_per_condition, seed)
    if conditions == len({item.condition_id for item in items}):
        return ranked[0]
    # Which conditions go together is not covered by the theorem above, so the last participants before
    # all loads are equal are searched through; equally good plans with other draws widen the choice.
    ways = comb(len({item.condition_id for item in items}), conditions)
    budget = iter(range(LOOK_AHEAD_MATCHINGS // ways))
    for draw in range(LOOK_AHEAD_DRAWS):
        if next(budget, None) is None:
            break
        for plan in ranked_plans(items, conditions, items_per_condition, seed + draw):
            if ends_even(carried_out(items, plan), (conditions, items_per_condition), seed + draw, budget):
                return plan
    return ranked[0]


def ranked_plans(
    items: Sequence[ItemLoad], conditions: int, items_per_condition: int, seed: int
) -> list[Plan]:
    """The best plan of each choice of conditions that has a plan as even as any, best first."""
    prices = Prices(items, conditions * items_per_condition, seed)
    choices = list(combinations(sorted(prices.by_condition), conditions))
    random.Random(f"conditions {seed}").shuffle(choices)
    plans = [plan for choice in choices if (plan := prices.cheapest_plan(choice, items_per_condition))]
    if not plans:
        raise NotEnoughQuestionsError(
            f"{conditions * items_per_condition} different questions are needed, and there are too few."
        )
    least = min(total_load(plan) for plan in plans)
    even = [plan for plan in plans if total_load(plan) == least]
    return sorted(even, key=lambda plan: sum(prices.question_load(item) for item in all_of(plan)))


class Prices:
    """What each item costs a plan, and the cheapest items of each condition."""

    def __init__(self, items: Sequence[ItemLoad], slots: int, seed: int) -> None:
        self.question_loads: Counter[int] = Counter()
        for item in items:
            self.question_loads[item.question_id] += item.load
        self.least = min(item.load for item in items)
        self.least_question = min(self.question_loads.values())
        chance = random.Random(f"items {seed}")
        self.drawn = {question: chance.randrange(CHANCE) for question in sorted(self.question_loads)}
        priced: dict[int, list[tuple[int, int, ItemLoad]]] = {}
        for item in items:
            priced.setdefault(item.condition_id, []).append((self.cost(item), item.item_id, item))
        # No more than `slots` are needed: if a best plan used a dearer item, one of these has a question
        # the plan does not use, and swapping it in costs no more.
        self.by_condition = {
            condition: heapq.nsmallest(slots, entries) for condition, entries in priced.items()
        }

    def question_load(self, item: ItemLoad) -> int:
        return min(self.question_loads[item.question_id] - self.least_question, QUESTION_LOADS - 1)

    def cost(self, item: ItemLoad) -> int:
        load = min(item.load - self.least, LOADS - 1)
        return load * LOAD_UNIT + self.question_load(item) * QUESTION_UNIT + self.drawn[item.question_id]

    def cheapest_plan(self, conditions: Sequence[int], each: int) -> Plan | None:
        """The cheapest plan for these conditions; None if their questions do not suffice."""
        entries = [entry for condition in conditions for entry in self.by_condition[condition]]
        # Half a second of CPU that only dealing needs; the web server has loaded it when it starts.
        from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  # said above

        questions = sorted({item.question_id for _, _, item in entries})
        slots = len(conditions) * each
        if len(questions) < slots:
            return None
        column = {question: index for index, question in enumerate(questions)}
        costs = np.full((slots, len(questions)), FORBIDDEN)  # (slot, question)
        found: dict[tuple[int, int], ItemLoad] = {}
        for cost, _, item in entries:
            first = conditions.index(item.condition_id) * each
            costs[first : first + each, column[item.question_id]] = cost
            found[item.condition_id, column[item.question_id]] = item
        rows, columns = linear_sum_assignment(costs)
        if costs[rows, columns].max() >= FORBIDDEN:
            return None
        plan: Plan = {condition: [] for condition in conditions}
        for row, chosen in zip(rows.tolist(), columns.tolist(), strict=True):
            condition = conditions[row // each]
            plan[condition].append(found[condition, chosen])
        return plan


def all_of(plan: Plan) -> list[ItemLoad]:
    return [item for items in plan.values() for item in items]


def total_load(plan: Plan) -> int:
    return sum(item.load for item in all_of(plan))


def ends_even(items: Sequence[ItemLoad], size: tuple[int, int], seed: int, budget: Iterator[int]) -> bool:
    """Whether the next participants' own best plans, with one of a few draws, make all loads equal.

    `size` is (conditions, items per condition). True as well where that is too many participants away
    to try; False once `budget`, shared by all calls for one participant, is used up.
    """
    left = participants_until_even(items, size[0] * size[1])
    if left > LOOK_AHEAD_PARTICIPANTS:
        return True
    for draw in range(LOOK_AHEAD_ROLLS):
        after = items
        for number in range(left):
            further = seed + LOOK_AHEAD_DRAWS + draw * LOOK_AHEAD_PARTICIPANTS + number
            if next(budget, None) is None:
                return False
            after = carried_out(after, ranked_plans(after, *size, further)[0])
        if len({item.load for item in after}) == 1:
            return True
    return False


def carried_out(items: Sequence[ItemLoad], plan: Plan) -> list[ItemLoad]:
    chosen = {item.item_id for item in all_of(plan)}
    return [replace(item, load=item.load + 1) if item.item_id in chosen else item for item in items]


def participants_until_even(items: Sequence[ItemLoad], slots: int) -> int:
    """How many more participants could make all loads equal; a large number if none nearby could."""
    most, total = max(item.load for item in items), sum(item.load for item in items)
    for level in range(most, most + slots):
        missing = level * len(items) - total
        if missing % slots == 0:
            return missing // slots
    return LOOK_AHEAD_PARTICIPANTS + 1
