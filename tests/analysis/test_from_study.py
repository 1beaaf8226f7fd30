"""A study as material: which people's rows there are, and how far the study is."""

import pytest
from sqlalchemy.orm import Session

from app.analysis.analyses import versions_of
from app.analysis.from_study import read_study
from app.analysis.material import Material
from app.analysis.report.contents import variant_words
from app.analysis.report.study_words import standing
from app.analysis.report.words import cautions
from app.models import Study
from tests.analysis.studies import make_first, make_next, take_part

BY_RULE = {"exclude": {"straightlining": True}}


def read(session: Session) -> Material:
    return read_study(session, "small", "test")


def people_in(material: Material) -> dict[str, set[str]]:
    return {name: set(rows["participant"]) for name, rows in versions_of(material).items()}


def test_all_rows_hold_people_excluded_by_hand_and_each_variant_says_whom_it_leaves_out(
    session: Session,
) -> None:
    make_first(session, analysis=BY_RULE)
    take_part(session, "varied")
    take_part(session, "same", values=(3, 3, 3, 3))
    take_part(session, "bot", status="excluded", exclusion_reason="a bot")
    take_part(session, "bot too", status="excluded", exclusion_reason="a bot", values=(1, 5))
    take_part(session, "earlier", status="excluded")
    take_part(session, "left", status="withdrawn")
    material = read(session)
    by_hand = {"bot", "bot too", "earlier"}
    found = people_in(material)
    assert found["all_rows"] == by_hand | {"varied", "same"}
    assert found["exclusions"] == {"varied"}
    assert found["by_hand"] == {"varied", "same"}
    assert found["completers"] == {"varied", "same"}
    assert [(one.rule, one.people, one.responses) for one in material.by_hand] == [
        ("a bot", 2, 6),
        ("no reason was asked for then", 1, 4),
    ]
    words = variant_words(material)
    assert words["exclusions"] == "after the declared exclusions and those by hand"
    assert words["by_hand"] == "without people excluded by hand"
    assert material.flow["are left after exclusions by rule and by hand"] == 1
    assert "of the 18 responses, 10 are of people whom a researcher excluded" in " ".join(
        cautions(material, [])
    )


def test_rules_that_take_nobody_out_make_no_variant_and_the_report_says_so(session: Session) -> None:
    make_first(session, analysis=BY_RULE)
    take_part(session, "varied")
    material = read(session)
    assert "exclusions" not in people_in(material)
    assert "The exclusion rules take nobody out" in " ".join(cautions(material, []))
    take_part(session, "same", values=(3, 3, 3, 3))
    material = read(session)
    assert people_in(material)["exclusions"] == {"varied"}
    assert "take nobody out" not in " ".join(cautions(material, []))


def test_exclusions_by_hand_alone_have_one_variant(session: Session) -> None:
    make_first(session)
    take_part(session, "varied")
    take_part(session, "bot", status="excluded", exclusion_reason="a bot")
    assert "exclusions" not in people_in(read(session))
    assert people_in(read(session))["by_hand"] == {"varied"}


def test_rows_that_a_rule_takes_out_already_need_no_variant_of_their_own(session: Session) -> None:
    make_first(session, analysis=BY_RULE)
    take_part(session, "varied")
    take_part(session, "same", status="excluded", exclusion_reason="no", values=(3, 3, 3, 3))
    found = people_in(read(session))
    assert found["exclusions"] == {"varied"}
    assert "by_hand" not in found


def test_rules_judge_people_excluded_by_hand_too(session: Session) -> None:
    """Else a researcher's hand would move the mean that the rule compares with."""
    make_first(session, analysis=BY_RULE)
    take_part(session, "varied")
    take_part(session, "same", status="excluded", exclusion_reason="no", values=(3, 3, 3, 3))
    assert [(one.people, one.responses) for one in read(session).removed] == [(1, 4)]


def test_people_who_completed_have_a_variant_where_others_did_not(session: Session) -> None:
    make_first(session)
    take_part(session, "done")
    assert "completers" not in people_in(read(session))
    take_part(session, "gone", status="dropped", values=(1, 2))
    assert people_in(read(session))["completers"] == {"done"}


def test_a_study_of_which_nobody_completed_has_no_such_variant(session: Session) -> None:
    make_first(session)
    take_part(session, "gone", status="dropped", values=(1, 2))
    assert "completers" not in people_in(read(session))


@pytest.mark.parametrize(
    "status,words", [("live", "people can still take part"), ("paused", "it is paused and may go on")]
)
def test_a_study_that_is_not_closed_says_how_far_its_newest_version_is(
    session: Session, status: str, words: str
) -> None:
    make_first(session)
    take_part(session, "before")
    make_next(session, 2, title="New", design={"ratings_per_item": 1})
    take_part(session, "a", version=2)
    take_part(session, "b", version=2, values=(1, 2), status="dropped")
    session.query(Study).one().status = status
    [sentence] = standing(read(session))
    assert words in sentence
    assert "Version 2 asks for 8 responses (8 texts, 1 response each); 6 have been given, " in sentence
    assert "by 2 people, where about 2 are needed; 4 of the 8 texts have all of theirs" in sentence


def test_the_report_of_a_closed_study_is_final(session: Session) -> None:
    make_first(session)
    take_part(session, "a")
    session.query(Study).one().status = "closed"
    assert list(standing(read(session))) == []
