from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import own
from app.contract.base import sha256_of, sha256_of_text
from app.contract.study import StudyDefinition
from app.errors import Conflict, Invalid, NotFound
from app.models import Condition, Explanation, Item, Question, Study, StudyVersion
from app.published import published
from app.studies.material import launch_problems, missing_parts
from app.studies.queries import latest_version
from app.studies.service import close, launch, pause, problems_for, save_draft
from app.web.auth import person_of
from tests.factories import (
    make_bundle,
    make_condition,
    make_definition,
    make_question_set,
    make_study,
    make_user,
)


def items_of(session: Session, version: StudyVersion) -> list[Item]:
    session.expire_all()
    return list(session.scalars(select(Item).where(Item.version_id == version.id).order_by(Item.id)))


def version_of(session: Session, study: Study, number: int) -> StudyVersion:
    statement = select(StudyVersion).where(StudyVersion.study_id == study.id, StudyVersion.number == number)
    return session.scalars(statement).one()


def texts(item: Item) -> dict[str, Any]:
    return {key: getattr(item, key) for key in ("question", "choices", "answer", "explanation")}


def test_launching_freezes_definition_items_and_hashes(session: Session) -> None:
    study = make_study(session, launch=False)
    explanation = session.scalars(select(Explanation).order_by(Explanation.id)).first()
    assert explanation is not None
    explanation.predicted_answer = "  YES "
    session.flush()
    done = launch(session, "small")
    version = version_of(session, study, 1)
    items = items_of(session, version)
    assert study.status == "live"
    assert StudyDefinition.model_validate(version.definition) == make_definition()
    assert (done.version, done.items, done.questions, done.left_out) == (1, 16, 8, 0)
    assert (done.participants, done.divides_exactly) == (8, True)
    assert done.sha256 == published(session, [version])[0].sha256 != version.sha256
    assert len({(item.condition_id, item.question_id) for item in items}) == 16
    for item in items:
        assert item.sha256 == sha256_of(texts(item))
        assert item.explanation_sha256 == sha256_of_text(item.explanation)
        assert (item.answered, item.reserved) == (0, 0)
        assert item.is_answer_correct
    assert sorted(item.answer for item in items) == ["YES"] + ["yes"] * 15
    conditions = session.execute(
        select(Condition.key, Condition.label, Condition.source).order_by(Condition.position)
    ).all()
    assert [tuple(row) for row in conditions] == [
        ("one", "One", "bundle:bundle-one"),
        ("two", "Two", "bundle:bundle-two"),
    ]


def test_what_changes_after_the_launch_changes_no_item(session: Session) -> None:
    study = make_study(session)
    version = version_of(session, study, 1)
    before = [texts(item) for item in items_of(session, version)]
    for explanation in session.scalars(select(Explanation)):
        explanation.shown_text, explanation.predicted_answer = "changed", "changed"
    for question in session.scalars(select(Question)):
        question.text, question.choices = "changed", ["changed", "again"]
    session.flush()
    assert [texts(item) for item in items_of(session, version)] == before


def test_a_changed_draft_becomes_the_next_version_and_the_first_stays(session: Session) -> None:
    study = make_study(session)
    first = version_of(session, study, 1)
    kept = (first.definition, first.sha256, [item.sha256 for item in items_of(session, first)])
    save_draft(session, make_definition(comment="required"))
    assert study.status == "live"
    assert latest_version(session, study.id) is first
    done = launch(session, "small")
    second = version_of(session, study, 2)
    assert done.version == 2
    assert second.definition["comment"] == "required"
    assert second.sha256 != first.sha256
    assert (first.definition, first.sha256, [item.sha256 for item in items_of(session, first)]) == kept
    assert not {item.id for item in items_of(session, first)} & {
        item.id for item in items_of(session, second)
    }


def test_launching_what_is_live_and_unchanged_is_a_conflict(session: Session) -> None:
    study = make_study(session)
    save_draft(session, make_definition())
    with pytest.raises(Conflict, match="is live already, and its definition has not changed"):
        launch(session, "small")
    assert len(session.scalars(select(StudyVersion)).all()) == 1
    assert study.status == "live"


def test_a_paused_study_opens_again_as_the_version_it_was(session: Session) -> None:
    study = make_study(session)
    assert pause(session, "small").status == "paused"
    with pytest.raises(Conflict, match="is paused, so it cannot become paused"):
        pause(session, "small")
    done = launch(session, "small")
    assert (done.version, done.items, study.status) == (1, 16, "live")
    assert len(session.scalars(select(StudyVersion)).all()) == 1


@pytest.mark.parametrize("status", ["live", "draft"])
def test_closing_is_final(session: Session, status: str) -> None:
    make_study(session, launch=status == "live")
    assert close(session, "small").status == "closed"
    for action in (close, pause):
        with pytest.raises(Conflict, match="is closed, so it cannot become"):
            action(session, "small")
    with pytest.raises(Conflict, match="closing is final"):
        launch(session, "small")
    with pytest.raises(Conflict, match="is closed; give the new one another slug"):
        save_draft(session, make_definition(comment="optional"))


def test_a_draft_cannot_be_paused_and_an_unknown_study_names_the_others(session: Session) -> None:
    with pytest.raises(NotFound, match=r"no study 'smal'. Studies: none yet"):
        launch(session, "smal")
    make_study(session, launch=False)
    save_draft(session, make_definition(slug="other"))
    with pytest.raises(Conflict, match="is draft, so it cannot become paused"):
        pause(session, "small")
    for action in (launch, pause, close):
        with pytest.raises(NotFound, match=r"There is no study 'smal'. Studies: other, small."):
            action(session, "smal")


def test_a_draft_is_replaced_and_the_audience_of_a_launched_study_is_not(session: Session) -> None:
    study = save_draft(session, make_definition(title="First"))
    assert save_draft(session, make_definition(title="Second", audience="synthetic")) is study
    assert (study.draft["title"], study.audience, study.status) == ("Second", "synthetic", "draft")
    save_draft(session, make_definition())
    question_set = make_question_set(session)
    for name in ("bundle-one", "bundle-two"):
        make_bundle(session, question_set, name)
    launch(session, "small")
    with pytest.raises(Conflict, match="launched for audience 'people', which cannot change"):
        save_draft(session, make_definition(audience="synthetic"))


def test_everything_that_is_missing_is_named_with_what_is_close(session: Session) -> None:
    make_bundle(session, make_question_set(session), "bundle-one")
    definition = make_definition(
        questions={"set": "sett", "draw": {"count": 8}},
        conditions=[
            make_condition("one"),
            make_condition("on"),
            make_condition("zebra") | {"source": {"bundle": "xyz"}},
            make_condition("new") | {"source": {"checkpoint": "t5"}},
        ],
    )
    missing = [
        "questions.set: no question set 'sett'; did you mean 'set'?",
        "conditions.1.source: no bundle 'bundle-on'; did you mean 'bundle-one'?",
        "conditions.2.source: no bundle 'xyz' has been imported.",
        "conditions.3.source: no checkpoint 't5' has been added.",
    ]
    assert missing_parts(session, definition) == missing
    study = save_draft(session, definition)
    with pytest.raises(Invalid, match="The study cannot be launched yet:") as refused:
        launch(session, "small")
    assert [line.strip() for line in str(refused.value).splitlines()[1:]] == missing
    assert study.status == "draft"
    assert latest_version(session, study.id) is None


def test_questions_that_a_condition_cannot_show_are_left_out(session: Session) -> None:
    make_study(session, launch=False)
    save_draft(session, make_definition(questions={"set": "set", "draw": {"count": 4}}))
    rows = session.scalars(
        select(Explanation).join(Question, Question.id == Explanation.question_id).order_by(Explanation.id)
    ).all()
    rows[0].shown_text = ""
    rows[1].predicted_answer = None
    rows[10].predicted_answer = "  "
    session.delete(rows[11])
    session.flush()
    done = launch(session, "small")
    assert (done.left_out, done.questions, done.items) == (4, 4, 8)
    found = session.scalars(select(Item.question_key).distinct().order_by(Item.question_key)).all()
    assert found == ["q5", "q6", "q7", "q8"]


def test_too_few_questions_are_refused_with_their_number(session: Session) -> None:
    study = make_study(session, in_set=7, launch=False)
    save_draft(session, make_definition())
    with pytest.raises(Invalid, match=r"cannot be launched yet:\n  questions.draw: 8 asked, but there are 7"):
        launch(session, "small")
    assert study.status == "draft"


def test_a_bundle_about_another_question_set_is_refused_by_name(session: Session) -> None:
    make_question_set(session)
    other = make_question_set(session, 8, "other")
    for name in ("bundle-one", "bundle-two"):
        make_bundle(session, other, name)
    save_draft(session, make_definition())
    with pytest.raises(Invalid, match="Bundle 'bundle-one' explains another question set"):
        launch(session, "small")


def test_a_target_that_does_not_divide_exactly_is_rounded_up(session: Session) -> None:
    save_draft(session, make_definition(questions={"set": "set", "draw": {"count": 5}}))
    question_set = make_question_set(session)
    make_bundle(session, question_set, "bundle-one")
    make_bundle(session, question_set, "bundle-two", answer="no")
    done = launch(session, "small")
    assert (done.items, done.participants, done.divides_exactly) == (10, 5, True)
    save_draft(
        session,
        make_definition(questions={"set": "set", "draw": {"count": 7}}, design={"ratings_per_item": 1}),
    )
    done = launch(session, "small")
    assert (done.items, done.participants, done.divides_exactly) == (14, 4, False)
    correct = session.execute(select(Item.answer, Item.is_answer_correct).distinct()).all()
    assert {tuple(row) for row in correct} == {("yes", True), ("no", False)}


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"questions": {"set": "set", "draw": {"count": 9}}}, "9 asked, but there are 8"),
        ({"questions": {"set": "set", "ids": ["q1", "q2", "q3", "q99"]}}, "'q99' is not explained in every"),
        ({"questions": {"set": "set", "draw": {"count": 8}, "exclude": ["q77"]}}, "has no question 'q77'"),
        (
            {"questions": {"set": "set", "draw": {"count": 8}, "require": {"correct_share": 0.5}}},
            "4 asked, but there are 0 that a student answers wrong",
        ),
        ({"questions": {"set": "other", "draw": {"count": 8}}}, "explains another question set"),
        ({"language": "de"}, "language: the pages' own words"),
        ({"language": "eng"}, "language: the pages' own words"),
        ({"language": "en-GB"}, None),
        ({}, None),
    ],
)
def test_checking_says_all_that_launching_would_refuse(
    session: Session, changes: dict[str, Any], problem: str | None
) -> None:
    make_study(session, launch=False)
    make_question_set(session, 8, "other")
    definition = make_definition(**changes)
    save_draft(session, definition)
    said = launch_problems(session, definition)
    if problem is None:
        assert said == []
        assert launch(session, "small").version == 1
        return
    assert [problem in line for line in said] == [True]
    with pytest.raises(Invalid) as refused:
        launch(session, "small")
    assert [line.strip() for line in str(refused.value).splitlines()[1:]] == said


def test_checking_says_what_storing_would_refuse(session: Session) -> None:
    owner, other = (
        person_of(make_user(session, "o@example.org")),
        person_of(make_user(session, "p@example.org")),
    )
    study = make_study(session)
    own(session, owner, study)
    assert problems_for(session, owner, make_definition()) == []
    assert problems_for(session, other, make_definition()) == [
        "The slug 'small' is taken; give the study another one."
    ]
    [problem] = problems_for(session, None, make_definition(audience="synthetic"))
    assert problem.startswith("Study 'small' was launched for audience 'people', which cannot change")
    close(session, "small")
    for person in (owner, None):
        assert problems_for(session, person, make_definition()) == [
            "Study 'small' is closed; give the new one another slug."
        ]


def test_a_live_study_in_another_language_opens_again(session: Session) -> None:
    """It was launched before languages were checked, and its people must be able to finish."""
    study = make_study(session, launch=False)
    with patch("app.studies.material.language_problem", return_value=None):
        save_draft(session, make_definition(language="de"))
        launch(session, "small")
    pause(session, "small")
    assert launch(session, "small").version == 1
    assert study.status == "live"
