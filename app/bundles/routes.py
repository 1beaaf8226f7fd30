"""/bundles: what students answered and explained, and bringing in another bundle."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.bundles import queries
from app.bundles.pages import BundlePage, BundlesPage
from app.errors import NotFound
from app.paging import paged
from app.questions.queries import question_set_names
from app.web.auth import Desk, desk
from app.web.shell import PageNumber, shell_of, show
from app.web.uploads import LARGEST_BODY_BYTES, REFUSALS, bundle_file, take_in

router = APIRouter(prefix="/bundles")


@router.get("")
def bundles(request: Request) -> Response:
    with desk(request) as at:
        page = page_of(request, at)
    return show(page)


def page_of(
    request: Request,
    at: Desk,
    *,
    data: dict[str, str] | None = None,
    problem: str = "",
    done: str = "",
    aside: tuple[str, ...] = (),
) -> BundlesPage:
    return BundlesPage(
        shell=shell_of(request, at.person, "bundles"),
        bundles=queries.bundles(at.session),
        question_sets=question_set_names(at.session),
        upload_mb=request.app.state.settings.upload_mb,
        data=data or {},
        problem=problem,
        done=done,
        aside=aside,
    )


@router.post("", max_body_size=LARGEST_BODY_BYTES)
async def import_bundle(request: Request) -> Response:
    try:
        stored = await take_in(request, partial(desk, request, "researcher"), "bundle", bundle_file)
    except REFUSALS as refused:
        return await to_thread.run_sync(sent_back, request, str(refused))
    return await to_thread.run_sync(done, request, stored)


def done(request: Request, stored: Mapping[str, Any]) -> Response:
    """Show what was imported in the answer itself, because of the rows that were set aside."""
    aside = tuple(f"line {row['line']}: {row['reason']}" for row in stored["set_aside"])
    with desk(request, "researcher") as at:
        page = page_of(request, at, done=stored["sentence"], aside=aside)
    return show(page)


def sent_back(request: Request, problem: str) -> Response:
    with desk(request, "researcher") as at:
        page = page_of(request, at, data=request.state.fields, problem=f"Nothing was imported. {problem}")
    return show(page, 422)


@router.get("/{name}")
def bundle(request: Request, name: str, page: PageNumber = 1) -> Response:
    with desk(request) as at:
        found = queries.bundle_by_name(at.session, name)
        if found is None:
            raise NotFound(f"There is no bundle '{name}'.")
        shown = BundlePage(
            shell=shell_of(request, at.person, "bundles"),
            bundle=found,
            question_set=queries.question_set_name(at.session, found.question_set_id),
            explanations=paged(partial(queries.some_explanations, at.session, found.id), page),
        )
    return show(shown)
