"""/studies/{slug}/participants: who took part, by pseudonym, and excluding or erasing one of them."""

from datetime import UTC, datetime
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.access import level_of, study_for
from app.jobs.files import forget
from app.paging import paged
from app.participants import queries, service
from app.participants.pages import ParticipantsPage
from app.participation import erasing
from app.web.auth import desk
from app.web.db import Database
from app.web.forms import FormData
from app.web.shell import PageNumber, go, shell_of, show

router = APIRouter(prefix="/studies/{slug}/participants")


@router.get("")
def participants(request: Request, slug: str, page: PageNumber = 1) -> Response:
    with desk(request) as at:
        study = study_for(at.session, at.person, slug)
        some = partial(queries.some_participants, at.session, study.id, datetime.now(UTC))
        shown = ParticipantsPage(
            shell=shell_of(request, at.person, "studies"),
            slug=slug,
            participants=paged(some, page),
            may_exclude=level_of(at.session, at.person, study) != "view",
        )
    return show(shown)


@router.post("/{pseudonym}/exclude")
def exclude(request: Request, slug: str, pseudonym: str, data: FormData) -> Response:
    with desk(request, "researcher", writing=True) as at:
        study_for(at.session, at.person, slug, "edit")
        service.exclude(at.session, slug, pseudonym, data.get("reason", ""), datetime.now(UTC))
    notice = f"{pseudonym} no longer counts; their items are free for others, their answers stay in exports."
    return go(request, f"/studies/{slug}/participants", notice)


@router.post("/{pseudonym}/count")
def count_instead(request: Request, slug: str, pseudonym: str) -> Response:
    with desk(request, "researcher", writing=True) as at:
        study_for(at.session, at.person, slug, "edit")
        service.count_instead(at.session, slug, pseudonym, datetime.now(UTC))
    notice = f"{pseudonym} counts now, and the other visit of the same id does not."
    return go(request, f"/studies/{slug}/participants", notice)


@router.post("/{pseudonym}/erase")
def erase(request: Request, slug: str, pseudonym: str, data: FormData) -> Response:
    """Erase somebody for good; the form's box says that this is meant."""
    is_meant = data.get("confirm") == "yes"
    with desk(request, "researcher", writing=True) as at:
        study_for(at.session, at.person, slug, "edit")
        if is_meant:
            secret = request.app.state.signing.secret
            erasing.erase_by_pseudonym(at.session, slug, pseudonym, secret, datetime.now(UTC))
    if not is_meant:
        return go(request, f"/studies/{slug}/participants", "Nobody was erased: please tick the box first.")
    database: Database = request.app.state.database
    database.empty_log()
    forget(request.app.state.settings, database, slug)
    notice = f"All that {pseudonym} gave is erased, here and in the report, package and tables made before."
    return go(request, f"/studies/{slug}/participants", notice)
