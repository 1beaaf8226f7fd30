"""Declared exclusion rules: whom each takes out, whom none does, and a study in which each finds somebody."""

from collections.abc import Iterator
from math import exp, log, sqrt
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.analysis.exclusions import NO_REASON, exclude, exclude_by_hand, exclude_by_plans
from app.analysis.from_study import read_study
from app.analysis.material import Removed
from app.contract.plan import Exclusions
from app.models import Assignment, Participant, Response
from app.participation.flow import asked_label
from app.web.db import Database
from tests.factories import LABELS, make_study
from tests.walker import Walker

CONSTRUCTS = ("clear", "whole")
Row = dict[str, Any]


def person(name: str, *ratings: tuple[int, int], failed: int = 0, each_ms: float | None = 1000) -> list[Row]:
    return [
        {
            "participant": name,
            "attention_failed": failed,
            "duration_ms": each_ms,
            "clear": clear,
            "whole": whole,
        }
        for clear, whole in ratings
    ]


def removed(rules: Row, *people: list[Row]) -> tuple[set[str], list[tuple[int, int]]]:
    """Who falls under any rule, and of each rule how many people and rows it is about."""
    frame = pd.DataFrame([row for rows in people for row in rows])
    marked, found = exclude(frame, Exclusions.model_validate(rules), CONSTRUCTS)
    out, kept = set(frame["participant"][marked]), set(frame["participant"][~marked])
    assert out.isdisjoint(kept), "a person is taken out whole"
    return out, [(one.people, one.responses) for one in found]


VARIED = ((1, 2), (2, 1), (5, 4))


def test_no_rule_takes_nobody_out_and_says_nothing() -> None:
    assert removed({}, person("a", (3, 3), (3, 3), failed=9)) == (set(), [])


@pytest.mark.parametrize("least,out", [(1, {"one", "two"}), (2, {"two"}), (3, set())])
def test_failed_checks_take_out_from_the_declared_number_on(least: int, out: set[str]) -> None:
    people = (person(name, *VARIED, failed=failed) for failed, name in enumerate(("none", "one", "two")))
    expected = (out, [(len(out), 3 * len(out))])
    assert removed({"attention_failed_at_least": least}, *people) == expected


def test_straightlining_is_one_value_in_every_construct_of_more_than_one_page() -> None:
    out, found = removed(
        {"straightlining": True},
        person("same", (3, 3), (3, 3)),
        person("same in each construct", (3, 4), (3, 4)),
        person("same on each page", (2, 2), (4, 4)),
        person("one page", (3, 3)),
    )
    assert (out, found) == ({"same"}, [(1, 2)])


def times(*each_ms: float | None) -> Iterator[list[Row]]:
    for number, duration in enumerate(each_ms):
        yield person(f"p{number}", *VARIED, each_ms=duration)


def test_too_fast_is_below_the_mean_of_logarithms_by_more_than_the_declared_deviations() -> None:
    # Logarithms 0, 3, 3, 3: mean 2.25, standard deviation 1.5, so the first is 1.5 of them below.
    logs = [1000 * exp(power) for power in (0, 3, 3, 3)]
    assert removed({"faster_than_sd": 1.49}, *times(*logs)) == ({"p0"}, [(1, 3)])
    assert removed({"faster_than_sd": 1}, *times(1, 1, 1)) == (set(), [(0, 0)])  # nobody is below
    assert removed({"faster_than_sd": 1.51}, *times(*logs)) == (set(), [(0, 0)])


def test_times_are_compared_only_from_three_people_on_who_have_one() -> None:
    for few in ((1, 1e9), (1, 1e9, None), (1, 1e9, 0), (None, None, None)):
        assert removed({"faster_than_sd": 0.1}, *times(*few)) == (set(), [(0, 0)])
    assert removed({"faster_than_sd": 0.1}, *times(1, 1e9, 1e9)) == ({"p0"}, [(1, 3)])
    assert removed({"faster_than_sd": 1.4}, *times(1, 1e9, 1e9, 1e9, None, 0)) == ({"p0"}, [(1, 3)])


def test_who_falls_under_several_rules_is_counted_by_each_and_taken_out_once() -> None:
    rules = {"attention_failed_at_least": 1, "faster_than_sd": 1, "straightlining": True}
    people = [
        person("all three", (3, 3), (3, 3), failed=1, each_ms=10),
        person("fails", *VARIED, failed=2),
        person("good", *VARIED),
        person("better", *VARIED),
    ]
    assert removed(rules, *people) == ({"all three", "fails"}, [(2, 5), (1, 2), (1, 2)])


def test_each_rule_is_told_in_words() -> None:
    rules = Exclusions(attention_failed_at_least=2, faster_than_sd=2.5, straightlining=True)
    _, found = exclude(pd.DataFrame(person("a", *VARIED)), rules, CONSTRUCTS)
    assert [one.rule.split(" (")[0] for one in found] == [
        "failed at least 2 attention checks",
        "faster than 2.5 standard deviations below the mean",
        "gave the same rating to everything",
    ]


def test_each_versions_rules_are_about_what_was_given_under_them() -> None:
    logs = [1000 * exp(power) for power in (0, 3, 3, 3)]
    rows = [row | {"version": 1} for people in times(*logs) for row in people]
    rows += [row | {"version": 3} for row in person("other", *VARIED, each_ms=1)]
    rows += [row | {"version": 2} for row in person("same", (3, 3), (3, 3), each_ms=1)]
    frame = pd.DataFrame(rows)
    fast, same = Exclusions(faster_than_sd=1.49), Exclusions(straightlining=True)
    marked, found = exclude_by_plans(frame, {1: fast, 2: same, 3: same}, CONSTRUCTS)
    assert set(frame["participant"][marked]) == {"p0", "same"}
    assert [(one.rule.split(" (plan")[1], one.people, one.responses) for one in found] == [
        (" of version 1)", 1, 3),
        (" of version 2, 3)", 1, 2),
    ]
    marked, found = exclude_by_plans(frame, dict.fromkeys((1, 2, 3), same), CONSTRUCTS)
    assert [one.rule for one in found] == ["gave the same rating to everything"]
    assert set(frame["participant"][marked]) == {"same"}


def test_exclusions_by_hand_are_counted_by_their_reasons() -> None:
    frame = pd.DataFrame(
        [*person("a", *VARIED), *person("b", (1, 2)), *person("c", *VARIED), *person("d", (1, 1))]
    )
    marked, found = exclude_by_hand(
        frame, {"a": "guessed", "b": "guessed", "d": None, "rated nothing": "bot"}
    )
    assert set(frame["participant"][marked]) == {"a", "b", "d"}
    assert found == [Removed("guessed", 2, 4), Removed(NO_REASON, 1, 1)]


ratings = st.lists(st.tuples(st.integers(1, 2), st.integers(1, 2)), min_size=1, max_size=3)
durations = st.none() | st.floats(0, 1e6)
people = st.lists(st.tuples(ratings, st.integers(0, 3), durations), min_size=1, max_size=7)


@given(people, st.integers(1, 3), st.floats(0.1, 3))
def test_the_rules_are_those_that_plain_arithmetic_gives(
    known: list[tuple[list[tuple[int, int]], int, float | None]], least: int, spread: float
) -> None:
    rows = [
        person(str(n), *mine, failed=failed, each_ms=each_ms)
        for n, (mine, failed, each_ms) in enumerate(known)
    ]
    logs = {str(n): log(one[2]) for n, one in enumerate(known) if one[2]}
    mean = sum(logs.values()) / max(1, len(logs))
    deviation = sqrt(sum((value - mean) ** 2 for value in logs.values()) / max(1, len(logs) - 1))
    fence = mean - spread * deviation
    fast = {name for name, value in logs.items() if len(logs) > 2 and value < fence - 1e-9}
    unsure = {name for name, value in logs.items() if abs(value - fence) <= 1e-9}
    failing = {str(n) for n, one in enumerate(known) if one[1] >= least}
    same = {str(n) for n, (mine, _, _) in enumerate(known) if len(mine) > 1 and len({*sum(mine, ())}) == 1}
    rules = {"attention_failed_at_least": least, "faster_than_sd": spread, "straightlining": True}
    out, counts = removed(rules, *rows)
    assert out - unsure == (failing | fast | same) - unsure
    assert [count for count, _ in counts][::2] == [len(failing), len(same)]


def walk(web: TestClient, database: Database, *values: int, passes: bool) -> str:
    """Take the small study with one rating for each page in turn; the pseudonym."""
    web.cookies.clear()
    walker = Walker(web)
    code = walker.start()
    walker.prepare()
    with database.transaction() as session:
        found = session.scalars(select(Participant).where(Participant.code == code)).one()
    asked, pages = asked_label(tuple(LABELS), 1, found.seed), iter(values)
    while walker.place != "done":
        if walker.place.startswith("check/"):
            walker.send(choice=str(asked if passes else asked % len(LABELS) + 1))
        else:
            walker.answer(next(pages))
    return found.pseudonym


def hurry(session: Session, pseudonym: str, each_ms: int) -> None:
    mine = (
        select(Assignment.id)
        .join(Participant, Participant.id == Assignment.participant_id)
        .where(Participant.pseudonym == pseudonym)
    )
    session.execute(
        update(Response).where(Response.assignment_id.in_(mine)).values(duration_ms=each_ms),
        execution_options={"synchronize_session": False},
    )


def test_a_study_is_analysed_without_those_whom_its_rules_take_out(
    web: TestClient, database: Database
) -> None:
    rules = {"attention_failed_at_least": 1, "faster_than_sd": 1, "straightlining": True}
    with database.transaction(writing=True) as session:
        make_study(session, attention={"count": 1}, analysis={"exclude": rules})
    same = walk(web, database, 4, 4, 4, 4, passes=True)
    fails = walk(web, database, 4, 2, 4, 4, passes=False)
    hurries = walk(web, database, 4, 2, 4, 4, passes=True)
    kept = walk(web, database, 5, 2, 4, 4, passes=True)
    with database.transaction(writing=True) as session:
        for pseudonym, each_ms in ((same, 9000), (fails, 9000), (hurries, 90), (kept, 9000)):
            hurry(session, pseudonym, each_ms)
    with database.snapshot() as session:
        material = read_study(session, "small", "test")
    frame = material.frame
    assert set(frame["participant"]) == {same, fails, hurries, kept}
    assert set(frame["participant"][~frame["excluded"]]) == {kept}
    assert [(one.people, one.responses) for one in material.removed] == [(1, 4)] * 3
    assert material.flow["are left after exclusions by rule and by hand"] == 1
