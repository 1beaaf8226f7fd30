"""What changes a study: launch, pause, close; with whom it is shared."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.access import Level, Role, study_for
from app.errors import AppError
from app.models import Study
from app.studies import service, sharing
from app.studies.forms import ShareForm
from app.studies.study_page import page_of
from app.web.aside import aside
from app.web.auth import Desk, desk
from app.web.forms import FormData, bind
from app.web.shell import go, show

router = APIRouter(prefix="/studies")


@router.post("/{slug}/launch")
async def launch(request: Request, slug: str) -> Response:
    return await aside(request, act, request, slug, launched)


def launched(at: Desk, study: Study) -> str:
    done = service.launch(at.session, study.slug)
    exactly = "" if done.divides_exactly else " (it does not divide exactly; a few items get one more)"
    text = (
        f"The study is live: version {done.version}, {done.questions} questions, {done.items} items; "
        f"{done.participants} participants reach the target{exactly}."
    )
    if done.left_out:
        text += f" {done.left_out} questions were left out because a condition cannot show them."
    if done.audience == "synthetic":
        text += " It is a dry run: only synthetic participants count and are exported."
    return text


@router.post("/{slug}/pause")
def pause(request: Request, slug: str) -> Response:
    return act(request, slug, paused)


def paused(at: Desk, study: Study) -> str:
    service.pause(at.session, study.slug)
    return "Nobody new comes in for now; those under way go on. Launch opens it again."


@router.post("/{slug}/close")
def close(request: Request, slug: str) -> Response:
    return act(request, slug, closed)


def closed(at: Desk, study: Study) -> str:
    service.close(at.session, study.slug)
    return "The study is closed for good; those under way may finish."


def act(request: Request, slug: str, change: Callable[[Desk, Study], str], level: Level = "edit") -> Response:
    """Change a study and go back to its page, which says what was done, or why it was not.

    A change that is refused leaves nothing behind: its transaction is over before the page is read anew.
    """
    role: Role = "researcher"
    try:
        with desk(request, role, writing=True) as at:
            notice = change(at, study_for(at.session, at.person, slug, level))
    except AppError as refused:
        if refused.status not in {404, 409, 422}:
            raise
        with desk(request, role) as at:
            study = study_for(at.session, at.person, slug, level)
            page = page_of(request, at, study, refused.message)
        return show(page, refused.status)
    return go(request, f"/studies/{slug}", notice)


@router.post("/{slug}/shares")
def share(request: Request, slug: str, data: FormData) -> Response:
    def shared(at: Desk, study: Study) -> str:
        form = bind(ShareForm, data).value
        if form is None:
            return "Nothing was shared: please give an e-mail address and choose what they may do."
        sharing.share(at.session, study, form.email, form.level)
        return f"{form.email} may now {form.level} this study."

    return act(request, slug, shared, "own")


@router.post("/{slug}/shares/{user_id}/remove")
def unshare(request: Request, slug: str, user_id: int) -> Response:
    def unshared(at: Desk, study: Study) -> str:
        sharing.unshare(at.session, study, user_id)
        return "It is not shared with them any more."

    return act(request, slug, unshared, "own")
