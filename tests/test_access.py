"""Who may do what, person by person and level by level: the rules themselves, without a page before them."""

from datetime import UTC, datetime
from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import LEVELS, ROLES, Level, Person, Role, level_of, may, own, require, study_for, visible
from app.errors import Forbidden, NotFound
from app.models import Study, StudyAccess
from app.web.db import Database
from tests.factories import make_user
from tests.security.people import PEOPLE

RANK = {None: 0, "view": 1, "edit": 2, "own": 3}


def a_study(session: Session, slug: str = "small") -> Study:
    study = Study(
        slug=slug, status="draft", audience="people", draft={}, created_at=datetime(2026, 11, 30, tzinfo=UTC)
    )
    session.add(study)
    session.flush()
    return study


def somebody(session: Session, role: Role, study: Study, level: Level | None) -> Person:
    user = make_user(session, f"{role}-{level}@example.org", role)
    if level is not None:
        session.add(StudyAccess(study_id=study.id, user_id=user.id, level=level))
        session.flush()
    return Person(user.id, user.email, role)


def expected(role: Role, level: Level | None) -> Level | None:
    if role == "admin":
        return "own"
    return "view" if role == "viewer" and level else level


@pytest.mark.parametrize("role,asked", list(product(ROLES, ROLES)))
def test_a_role_may_what_the_roles_below_it_may(role: Role, asked: Role) -> None:
    person = Person(1, "somebody@example.org", role)
    is_allowed = role == "admin" or asked in {"viewer", role}
    assert may(person, asked) == is_allowed
    if is_allowed:
        require(person, asked)
    else:
        with pytest.raises(Forbidden, match=f"needs the role {asked}; yours is {role}"):
            require(person, asked)


def test_a_viewer_never_has_more_than_view_whatever_was_shared(database: Database) -> None:
    with database.transaction(writing=True) as session:
        study = a_study(session)
        for role, level in product(ROLES, (None, *LEVELS)):
            person = somebody(session, role, study, level)
            assert level_of(session, person, study) == expected(role, level), (role, level)


def test_a_study_opens_for_what_one_has_and_below_and_a_strangers_looks_like_none(database: Database) -> None:
    with database.transaction(writing=True) as session:
        study = a_study(session)
        for role, shared in sorted(set(PEOPLE.values()), key=str):
            person = somebody(session, role, study, shared)
            has = expected(role, shared)
            if has:
                assert study_for(session, person, "small") is study
            for level in LEVELS:
                if RANK[has] >= RANK[level]:
                    assert study_for(session, person, "small", level) is study
                elif has is None:
                    with pytest.raises(NotFound, match="no study 'small' that you may see"):
                        study_for(session, person, "small", level)
                else:
                    needed = {"edit": "someone who may edit it", "own": "its owner"}[level]
                    with pytest.raises(Forbidden, match=f"'small' can be changed .* only by {needed}"):
                        study_for(session, person, "small", level)
            with pytest.raises(NotFound, match="no study 'other' that you may see"):
                study_for(session, person, "other")


def test_a_list_leaves_what_is_shared_with_one_and_all_to_an_admin(database: Database) -> None:
    with database.transaction(writing=True) as session:
        mine, other = a_study(session), a_study(session, "other")
        person, admin = somebody(session, "viewer", mine, "view"), somebody(session, "admin", mine, None)
        own(session, Person(admin.id, admin.email, "researcher"), other)
        session.flush()
        for who, slugs in ((person, {"small"}), (admin, {"small", "other"})):
            assert set(session.scalars(select(Study.slug).where(visible(who)))) == slugs


def test_whoever_made_a_study_owns_it(database: Database) -> None:
    with database.transaction(writing=True) as session:
        study = a_study(session)
        person = somebody(session, "researcher", study, None)
        own(session, person, study)
        session.flush()
        assert study_for(session, person, "small", "own") is study
