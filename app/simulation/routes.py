"""/studies/{slug}/rehearsal: let synthetic participants take a study, from the browser."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.access import level_of, study_for
from app.jobs.pages import work_of
from app.jobs.queries import latest
from app.models import Study
from app.queue import WORK, tell
from app.simulation.forms import RehearsalForm
from app.simulation.pages import RehearsalPage
from app.simulation.rehearsal import ask_for, own_address
from app.web.auth import Desk, desk
from app.web.forms import Bound, FormData, bind
from app.web.shell import go, shell_of, show

router = APIRouter(prefix="/studies/{slug}/rehearsal")


@router.get("")
def rehearsal_page(request: Request, slug: str) -> Response:
    with desk(request, "researcher") as at:
        page = page_of(request, at, study_for(at.session, at.person, slug, "edit"))
    return show(page)


def page_of(
    request: Request, at: Desk, study: Study, bound: Bound[RehearsalForm] | None = None
) -> RehearsalPage:
    level = level_of(at.session, at.person, study) or "view"
    last = latest(at.session, "rehearsal", study.slug)
    return RehearsalPage(
        shell=shell_of(request, at.person, "studies"),
        slug=study.slug,
        is_for_people=study.audience == "people",
        is_live=study.status == "live",
        work=work_of(at.session, request.app.state.background, at.person, level, "rehearsal", study.slug),
        result=last.result if last else None,
        data=bound.data if bound else {"participants": "20", "concurrency": "5", "dropout": "0", "seed": "0"},
        errors=bound.errors if bound else {},
    )


@router.post("")
def send(request: Request, slug: str, data: FormData) -> Response:
    bound = bind(RehearsalForm, data)
    with desk(request, "researcher", writing=True) as at:
        study = study_for(at.session, at.person, slug, "edit")
        page = page_of(request, at, study, bound)
        if bound.value is not None:
            ask_for(at, slug, bound.value, own_address(request))
    if bound.value is None:
        return show(page, 422)
    tell(request.app.state.background, WORK)
    return go(request, f"/studies/{slug}/rehearsal", "Synthetic participants are on their way.")
