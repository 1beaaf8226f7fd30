"""/studies: the studies one may see, and the page of each."""

from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.access import study_for, visible
from app.contract.base import InvalidFile
from app.contract.study import StudyDefinition
from app.errors import AppError, Conflict, Invalid
from app.paging import paged
from app.studies import check as checking
from app.studies import queries, service
from app.studies.definition import read_text, write_definition
from app.studies.pages import (
    CheckPage,
    DraftPage,
    ItemsPage,
    NumbersFragment,
    StudiesPage,
)
from app.studies.reading import read_apart
from app.studies.study_page import SECTION, numbers_of, page_of
from app.web.aside import aside
from app.web.auth import desk
from app.web.forms import FormData
from app.web.pages import ROOT, render
from app.web.shell import PageNumber, go, shell_of, show
from app.web.signing import Signing, mode_token

router = APIRouter(prefix="/studies")
EXAMPLE = ROOT / "demo" / "new-study.yaml"
LARGEST_FORM_BYTES = 1024 * 1024


@router.get("")
def studies(request: Request) -> Response:
    with desk(request) as at:
        found = queries.overviews(at.session, datetime.now(UTC), visible(at.person))
        page = StudiesPage(shell=shell_of(request, at.person, SECTION), studies=found)
    return show(page)


@router.get("/new")
def new_study(request: Request) -> Response:
    """Begin with an example: an empty page asks for more than anybody knows by heart."""
    with desk(request, "researcher") as at:
        page = DraftPage(shell=shell_of(request, at.person, SECTION), slug="", text=read_text(EXAMPLE))
    return show(page)


@router.post("/new", max_body_size=LARGEST_FORM_BYTES)
async def create(request: Request, data: FormData) -> Response:
    return await aside(request, store_draft, request, data, "")


@router.get("/{slug}/draft")
async def edit_draft(request: Request, slug: str) -> Response:
    return await aside(request, show_draft, request, slug)


def show_draft(request: Request, slug: str) -> Response:
    with desk(request, "researcher") as at:
        study = study_for(at.session, at.person, slug, "edit")
        text = write_definition(StudyDefinition.model_validate(study.draft))
        page = DraftPage(shell=shell_of(request, at.person, SECTION), slug=slug, text=text)
    return show(page)


@router.post("/{slug}/draft", max_body_size=LARGEST_FORM_BYTES)
async def change_draft(request: Request, slug: str, data: FormData) -> Response:
    return await aside(request, store_draft, request, data, slug)


def read(text: str) -> tuple[StudyDefinition | None, str]:
    """The definition, or None and what is wrong with it."""
    try:
        return read_apart(text), ""
    except InvalidFile as refused:
        return None, str(refused)


def store_draft(request: Request, data: FormData, slug: str) -> Response:
    """Check, or check and store; whatever is wrong comes back above the text as it was sent."""
    text = data.get("definition", "")
    advice: tuple[str, ...] = ()
    is_check = data.get("then") == "check"
    with desk(request, "researcher") as at:
        if slug:
            study_for(at.session, at.person, slug, "edit")
    # Reading a long definition takes seconds, in which participants of SQLite would wait for the writer.
    definition, problem = read(text)
    with desk(request, "researcher", writing=not is_check and definition is not None) as at:
        try:
            if definition is None:
                raise Invalid(problem)
            if slug and definition.slug != slug:
                raise Conflict(f"The slug must stay '{slug}'; a study of another slug is another study.")
            if not is_check:
                service.save_draft(at.session, definition, at.person)
            advice = tuple(service.problems_for(at.session, at.person, definition)) or (
                "Everything it names is here; it can be launched.",
            )
        except AppError as refused:
            problem = str(refused)
        page = DraftPage(
            shell=shell_of(request, at.person, SECTION), slug=slug, text=text, problem=problem, advice=advice
        )
    if is_check or problem or definition is None:
        return show(page, 422 if problem else 200)
    return go(request, f"/studies/{definition.slug}", "The definition is stored. Launching freezes it.")


@router.get("/{slug}")
async def study_page(request: Request, slug: str) -> Response:
    return await aside(request, show_study, request, slug)


def show_study(request: Request, slug: str) -> Response:
    with desk(request) as at:
        page = page_of(request, at, study_for(at.session, at.person, slug))
    return show(page)


@router.get("/{slug}/numbers")
def numbers(request: Request, slug: str) -> Response:
    """The part of a study's page that it asks for again and again."""
    with desk(request) as at:
        fragment = NumbersFragment(numbers=numbers_of(at, study_for(at.session, at.person, slug)))
    return render(fragment)


@router.get("/{slug}/items")
def items(request: Request, slug: str, page: PageNumber = 1) -> Response:
    with desk(request) as at:
        study = study_for(at.session, at.person, slug)
        version = queries.latest_version(at.session, study.id)
        if version is None:
            raise Conflict("Items are frozen when the study is launched; there are none yet.")
        shown = ItemsPage(
            shell=shell_of(request, at.person, SECTION),
            slug=slug,
            version=version.number,
            items=paged(partial(queries.some_items, at.session, version.id), page),
        )
    return show(shown)


@router.get("/{slug}/check")
def check(request: Request, slug: str) -> Response:
    with desk(request, is_snapshot=True) as at:
        study_for(at.session, at.person, slug)
        page = CheckPage(
            shell=shell_of(request, at.person, SECTION), slug=slug, check=checking.check(at.session, slug)
        )
    return show(page)


@router.get("/{slug}/preview")
def preview(request: Request, slug: str) -> Response:
    """Lead to the study as participants see it; what is answered there never counts."""
    signing: Signing = request.app.state.signing
    with desk(request) as at:
        study = study_for(at.session, at.person, slug)
        queries.refuse_unlaunched(at.session, study)
    return RedirectResponse(f"/s/{slug}?mode={quote(mode_token(signing, slug, 'preview'))}", status_code=303)
