"""Versions of a study: which are analysed together, what a text is, and under whose plan data were given."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.analysis.analyses import versions_of
from app.analysis.from_study import read_study
from app.analysis.live import count
from app.analysis.material import TEXT, TEXT_HASH, Material, completed
from app.analysis.report.contents import variant_words
from app.analysis.report.study_words import versions_and_plan
from app.analysis.report.words import cautions, methods
from app.errors import Conflict, Invalid
from app.exports.queries import study_named
from app.web.db import Database
from tests.analysis.studies import OTHER_TEXTS, WORDS, make_first, make_next, on, take_part
from tests.factories import LABELS, make_condition
from tests.staff import become_owner, text_of

OTHER_PLAN = {"primary": ["completeness"], "exclude": {"straightlining": True}}


def read(session: Session, versions: str = "") -> Material:
    return read_study(session, "small", "test", versions)


def told(material: Material) -> str:
    return " ".join([*versions_and_plan(material), *cautions(material, []), *methods(material, [])])


def test_a_text_is_what_was_shown_of_a_question_in_a_condition() -> None:
    rows = {
        "participant": ["p"] * 5,
        "question": ["q1", "q1", "q1", "q2", "q1"],
        "condition": ["A", "B", "A", "A", "A"],
        TEXT_HASH: ["x", "y", "z", "x", "x"],
        "clear": [1.0] * 5,
    }
    frame = completed(pd.DataFrame(rows), ["A", "B"], ["clear"])
    assert list(frame[TEXT]) == ["q1 / A", "q1 / B", "q1 / A (2)", "q2 / A", "q1 / A"]


def test_versions_that_differ_in_nothing_people_see_are_analysed_together(session: Session) -> None:
    make_first(session)
    make_next(session, 2, title="A better title", design={"ratings_per_item": 9})
    take_part(session, "a")
    take_part(session, "b", version=2, day=3)
    material = read(session)
    assert set(material.frame["version"]) == {1, 2}
    assert material.frame[TEXT].nunique() == 4
    assert "Versions 1 (4 responses of 1 person) and 2 (4 responses of 1 person) are analysed" in told(
        material
    )


def test_ratings_of_other_texts_are_not_put_together_unless_somebody_asks(session: Session) -> None:
    make_first(session)
    make_next(session, 2, conditions=OTHER_TEXTS)
    take_part(session, "a")
    take_part(session, "b")
    take_part(session, "c", version=2, day=3)
    material = read(session)
    assert set(material.frame["participant"]) == {"c"}
    assert material.flow["arrived"] == 1
    words = told(material)
    assert "This report is of version 2 (4 responses of 1 person) alone." in words
    assert "Left out: version 1 (8 responses of 2 people)" in words
    assert "the texts of one (other ones for 4 of 4 questions)" in words
    assert set(read(session, "1").frame["participant"]) == {"a", "b"}

    together = read(session, "all")
    assert len(together.frame) == 12
    assert together.frame[TEXT].nunique() == 6  # two of them again in other words
    assert {text for text in together.frame[TEXT] if text.endswith(" (2)")} == {
        "q1 / One (2)",
        "q3 / One (2)",
    }
    words = told(together)
    assert "analysed together, as was asked for, although version 1 differs from version 2" in words
    assert "No model has a term for the version. Everybody took part in one" in words
    assert "alone, so a difference between versions" not in words
    lone = together.frame[(together.frame["condition"] != "One") | (together.frame["version"] == 1)]
    assert (
        "One was rated in version 1 alone, so a difference between versions may pass for one between this"
    ) in told(replace(together, frame=lone))
    assert "6 texts (of 4 pairs of question and condition) in 2 conditions" in words
    with pytest.raises(Invalid, match=r"version '3'.*ratings in: 1, 2"):
        read(session, "3")


@pytest.mark.parametrize(
    "changes,words",
    [
        ({"scales": {"agreement": WORDS}}, "the scale of completeness, plausibility"),
        ({"scales": {"agreement": LABELS[:3]}}, "the scale of completeness, plausibility"),
        (
            {"constructs": [{"key": "plausibility", "statement": "So?", "scale": "agreement"}]},
            "the constructs (completeness in one alone)",
        ),
    ],
)
def test_ratings_on_other_scales_are_never_put_together(
    sqlite_url: str, changes: dict[str, Any], words: str
) -> None:
    database = Database(sqlite_url)
    with database.transaction(writing=True) as session:
        make_first(session)
        make_next(session, 2, **changes)
        take_part(session, "a", values=(1, 2, 3, 5))
        take_part(session, "b", version=2, values=(1, 2, 3, 3))
        material = read(session)
        assert set(material.frame["participant"]) == {"b"}
        assert words in told(material)
        assert len(material.scale) == len(changes.get("scales", {"agreement": LABELS})["agreement"])
        with pytest.raises(Conflict, match="Versions 1 and 2 cannot be analysed together"):
            read(session, "all")
        study = study_named(session, "small")
        assert study is not None
        counted = count(session, study)
        assert (counted.versions, counted.ratings) == ((2,), 4 * len(material.constructs))
    database.engine.dispose()


@pytest.mark.parametrize(
    "changes,words",
    [
        ({"comment": "optional"}, "whether a comment is asked for"),
        ({"own_answer": "before"}, "whether people answer first"),
        ({"pages": dict.fromkeys(("consent", "instructions", "debrief"), "Other")}, "the instructions"),
        ({"design": {"items_per_condition": 1}}, "how many texts of a condition a person rates"),
    ],
)
def test_what_people_are_asked_otherwise_is_named(
    sqlite_url: str, changes: dict[str, Any], words: str
) -> None:
    database = Database(sqlite_url)
    with database.transaction(writing=True) as session:
        make_first(session)
        make_next(session, 2, **changes)
        take_part(session, "a")
        take_part(session, "b", version=2)
        assert f"Version 1 differs from version 2 in {words}. Ratings" in told(read(session))
    database.engine.dispose()


def test_a_version_nobody_rated_in_changes_nothing(session: Session) -> None:
    make_first(session)
    take_part(session, "a")
    make_next(session, 2, conditions=OTHER_TEXTS)
    material = read(session)
    assert set(material.frame["participant"]) == {"a"}
    assert "version" not in " ".join(versions_and_plan(material))


def test_a_label_of_the_newest_version_stands_for_its_condition_in_all(session: Session) -> None:
    make_first(session)
    take_part(session, "a")
    renamed = make_condition("one") | {"label": "Uno"}
    make_next(session, 2, conditions=[make_condition("two"), renamed])
    take_part(session, "b", version=2)
    assert read(session).conditions == ("Two", "Uno")


def test_a_plan_that_stood_before_the_first_answer_is_declared(session: Session) -> None:
    make_first(session)
    make_next(session, 1, analysis=OTHER_PLAN)
    take_part(session, "a", version=2, day=2)
    material = read(session)
    assert material.plan.changes == ()
    assert material.primary == ("completeness",)
    assert "Declared primary before the data: completeness." in told(material)
    assert variant_words(material)["exclusions"] == "after the declared exclusions"


def test_a_plan_that_changed_after_answers_came_is_listed_and_never_called_declared(session: Session) -> None:
    make_first(session, analysis={"primary": ["plausibility"]})
    take_part(session, "a", values=(3, 3, 3, 3))
    make_next(session, 2, analysis=OTHER_PLAN)
    take_part(session, "same", version=2, day=3, values=(3, 3, 3, 3))
    take_part(session, "varied", version=2, day=3)
    material = read(session)
    words = told(material)
    assert material.primary == ()
    assert "version 2, launched on 2026-01-03 when there were 4 responses, changed" in words
    assert "changed the primary constructs and the exclusion rules." in words
    assert "Declared primary before the data" not in words
    assert "Primary by the plan of version 2: completeness." in words
    assert "when there were 4 responses, so no construct was declared" in words
    assert "declared" not in variant_words(material)["exclusions"]
    # Rules are of the version in which somebody rated: "a" fell under none.
    assert set(material.frame["participant"][material.frame["excluded"]]) == {"same"}
    assert [one.rule for one in material.removed] == [
        "gave the same rating to everything (plan of version 2)"
    ]


def test_a_smallest_effect_that_came_after_answers_is_listed_and_the_first_versions_stays_declared(
    session: Session,
) -> None:
    make_first(session, analysis={"smallest_effect_of_interest": {"points": 0.5}})
    take_part(session, "a")
    make_next(
        session,
        2,
        conditions=OTHER_TEXTS,
        analysis={"smallest_effect_of_interest": {"points": 1, "odds_ratio": 2}},
    )
    take_part(session, "b", version=2, day=3)
    material = read(session)
    assert material.plan.points == 1
    assert material.plan.log_odds == pytest.approx(0.6931, abs=1e-4)
    assert not material.plan.is_declared("smallest_effect_of_interest")
    assert "4 responses, changed the smallest effect of interest." in told(material)
    first = read(session, "1")
    assert (first.plan.points, first.plan.log_odds) == (0.5, None)
    assert first.plan.is_declared("smallest_effect_of_interest")


def test_the_first_version_keeps_its_declared_plan_when_a_later_one_changed_it(session: Session) -> None:
    make_first(session, analysis={"primary": ["plausibility"]})
    take_part(session, "a")
    make_next(session, 2, conditions=OTHER_TEXTS, analysis=OTHER_PLAN)
    take_part(session, "b", version=2, day=3)
    assert read(session).primary == ()
    material = read(session, "1")
    assert material.primary == ("plausibility",)
    assert "The plan of analysis changed after data had come: version 2" in told(material)


def test_a_plan_changed_and_changed_back_is_not_declared(session: Session) -> None:
    make_first(session, analysis={"primary": ["plausibility"]})
    take_part(session, "a")
    make_next(session, 2, analysis=OTHER_PLAN)
    make_next(session, 3, analysis={"primary": ["plausibility"]}, title="Again")
    take_part(session, "b", version=3, day=4)
    material = read(session)
    assert [(one.version, one.at, one.responses) for one in material.plan.changes] == [
        (2, on(2), 4),
        (3, on(3), 4),
    ]
    assert material.primary == ()


def test_the_page_asks_which_version_where_they_differ(web: TestClient, database: Database) -> None:
    become_owner(web, database, in_set=4)
    page = "/studies/small/results"
    assert 'name="versions"' not in web.get(page).text
    with database.transaction(writing=True) as session:
        take_part(session, "a")
        make_next(session, 2, conditions=OTHER_TEXTS)
        take_part(session, "b", version=2)
    assert "Version 2 Version 1 All versions" in text_of(web.get(page))
    assert "in version 2" in text_of(web.get(f"{page}/live"))
    refused = web.post(f"{page}/report", data={"versions": "--out"})
    assert refused.status_code == 422
    assert web.post(f"{page}/report", data={"versions": "1"}).status_code == 303


def test_the_rows_of_the_versions_are_those_of_all(session: Session) -> None:
    make_first(session)
    take_part(session, "a")
    assert set(versions_of(read(session))) == {"all_rows", "no_outliers"}
