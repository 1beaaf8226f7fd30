"""Which items a participant gets: pure planning, no database.

A plan takes `items_per_condition` items of each chosen condition, never two of one question. Among all
such plans it has the smallest sum of loads, which is also the smallest sum of squared loads afterwards:
no plan leaves the items more even. Ties go to the questions with the smallest load over all conditions.
That is the look-ahead: a question that still lacks ratings in several conditions can be shown to one
participant only once, so a choice that leaves such questions for the end finishes uneven. Last, the
participant's seed decides.

Why this ends even: questions and conditions form a bipartite multigraph of missing ratings; by König's
edge-colouring theorem it splits into perfect plans while no question lacks more ratings than there are
participants to come, and taking the questions that lack most keeps it so.
"""

import heapq
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

# Costs are packed into one float64, exact below 2**53: load above question load above chance, each kept
# from spilling into the next by the number of items a participant can get (at most 2**6).
CHANCE = 2**8
QUESTION_UNIT = 2**14
QUESTION_LOADS = 2**14
LOAD_UNIT = 2**34
LOADS = 2**12


@dataclass(frozen=True)
class ItemLoad:
    """`load` = answers that count + live reservations."""

    item_id: int
    question_id: int
    condition_id: int
    load: int


class NotEnoughQuestionsError(ValueError):
    """No plan exists: fewer different questions than items per participant."""


def choose_conditions(items: Sequence[ItemLoad], count: int, seed: int) -> list[int]:
    """The `count` conditions with the smallest load, ties by seed; their ids in ascending order."""
    loads: Counter[int] = Counter()
    for item in items:
        loads[item.condition_id] += item.load
    chance = random.Random(f"conditions {seed}")
    shuffled = sorted(loads)
    chance.shuffle(shuffled)
    return sorted(sorted(shuffled, key=lambda condition: loads[condition])[:count])


def plan_assignments(
    items: Sequence[ItemLoad], conditions: Sequence[int], items_per_condition: int, seed: int
) -> dict[int, list[ItemLoad]]:
    """Plan one participant's items: condition id → `items_per_condition` items.

    `items` are all items of the version; `seed` is the participant's.
    Raises: NotEnoughQuestionsError.
    """
    slots = len(conditions) * items_per_condition
    candidates = cheapest_candidates(items, conditions, slots, seed)
    questions = sorted({item.question_id for _, item in candidates})
    if len(questions) < slots:
        raise NotEnoughQuestionsError(f"{slots} different questions needed, {len(questions)} there.")
    column = {question: index for index, question in enumerate(questions)}
    forbidden = float(LOAD_UNIT) * LOADS * 2
    costs = np.full((slots, len(questions)), forbidden)  # (slot, question)
    found: dict[tuple[int, int], ItemLoad] = {}
    for cost, item in candidates:
        first = conditions.index(item.condition_id) * items_per_condition
        costs[first : first + items_per_condition, column[item.question_id]] = cost
        found[item.condition_id, column[item.question_id]] = item
    rows, columns = linear_sum_assignment(costs)
    if costs[rows, columns].max() >= forbidden:
        raise NotEnoughQuestionsError(f"{slots} different questions needed.")
    plan: dict[int, list[ItemLoad]] = {condition: [] for condition in conditions}
    for row, chosen in zip(rows.tolist(), columns.tolist(), strict=True):
        condition = conditions[row // items_per_condition]
        plan[condition].append(found[condition, chosen])
    return plan


def cheapest_candidates(
    items: Sequence[ItemLoad], conditions: Sequence[int], slots: int, seed: int
) -> list[tuple[int, ItemLoad]]:
    """(cost, item) of the `slots` cheapest items of each condition.

    No more are needed: if a best plan used a dearer one, one of these has a question the plan does not
    use, and swapping it in costs no more.
    """
    question_loads: Counter[int] = Counter()
    for item in items:
        question_loads[item.question_id] += item.load
    least, least_question = min(item.load for item in items), min(question_loads.values())
    chance = random.Random(f"items {seed}")
    drawn = {question: chance.randrange(CHANCE) for question in sorted(question_loads)}

    def cost(item: ItemLoad) -> int:
        load = min(item.load - least, LOADS - 1)
        question_load = min(question_loads[item.question_id] - least_question, QUESTION_LOADS - 1)
        return load * LOAD_UNIT + question_load * QUESTION_UNIT + drawn[item.question_id]

    by_condition: dict[int, list[tuple[int, int, ItemLoad]]] = {condition: [] for condition in conditions}
    for item in items:
        if item.condition_id in by_condition:
            by_condition[item.condition_id].append((cost(item), item.item_id, item))
    return [
        (dearness, item)
        for priced in by_condition.values()
        for dearness, _, item in heapq.nsmallest(slots, priced)
    ]
