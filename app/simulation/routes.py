"""/studies/{slug}/rehearsal: let synthetic participants take a study, from the browser."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.access import study_for
from app.audit import record
from app.errors import Conflict
from app.models import Study
from app.simulation import rehearsal
from app.simulation.forms import RehearsalForm
from app.simulation.pages import RehearsalPage
from app.simulation.rehearsal import Order
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
    job = rehearsal.job(request.app.state.settings, study.slug)
    return RehearsalPage(
        shell_of(request, at.person, "studies"),
        slug=study.slug,
        is_for_people=study.audience == "people",
        is_live=study.status == "live",
        is_running=job.is_running(),
        result=job.result(),
        data=bound.data if bound else {"participants": "20", "concurrency": "5", "dropout": "0", "seed": "0"},
        errors=bound.errors if bound else {},
    )


@router.post("")
def start(request: Request, slug: str, data: FormData) -> Response:
    bound = bind(RehearsalForm, data)
    with desk(request, "researcher", writing=True) as at:
        study = study_for(at.session, at.person, slug, "edit")
        page = page_of(request, at, study, bound) if bound.value is None else None
        if study.status != "live":
            raise Conflict(f"The study is {study.status}; launch it first.")
        force = study.audience == "people"
        if bound.value is not None:
            record(at.session, "study.rehearsed", slug, after=bound.value.model_dump())
    if bound.value is None:
        return show(page, 422) if page else go(request, f"/studies/{slug}")
    order = Order(slug, own_address(request), **bound.value.model_dump(), force=force)
    rehearsal.start(request.app.state.settings, order)
    return go(request, f"/studies/{slug}/rehearsal", "Synthetic participants are on their way.")


def own_address(request: Request) -> str:
    """The server's own socket, not what a visitor's Host header says."""
    host, port = request.scope["server"]
    return f"http://{'127.0.0.1' if host in {'0.0.0.0', '::'} else host}:{port}"  # noqa: S104  # compared
