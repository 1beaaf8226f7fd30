"""/studies/{slug}/results: ratings so far, exports, the data package and the report."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from huey import Huey

from app.access import Level, level_of, study_for
from app.analysis.live import LiveCounts
from app.analysis.making import What, ask_for
from app.analysis.pages import LivePage, MadeTable, ResultsPage
from app.analysis.versions import ALL, as_shown, kinds
from app.errors import Conflict, NotFound
from app.exports import queries
from app.exports.base import Format
from app.jobs.files import REPORT_PAGE
from app.jobs.pages import may_cancel, shown, work_of
from app.jobs.queries import exports_shown, with_file
from app.jobs.sending import NOT_THERE, send, there
from app.models import Job, Study
from app.queue import WORK, tell
from app.web.auth import Desk, desk
from app.web.forms import FormData
from app.web.shell import go, shell_of, show

router = APIRouter(prefix="/studies/{slug}/results")
FORMATS: tuple[tuple[Format, str], ...] = (
    ("long", "Ratings, a row for each (CSV)"),
    ("wide", "Ratings, a row for each answer (CSV)"),
    ("participants", "Participants (CSV)"),
    ("items", "Items (CSV)"),
    ("answers", "Answers that are no ratings: people’s own, and checks (CSV)"),
    ("codebook", "Codebook: what every column holds (CSV)"),
    ("jsonl", "Ratings as JSON lines"),
    ("parquet", "Ratings as Parquet"),
    ("paper", "As in the paper (CSV)"),
)


@router.get("")
def results(request: Request, slug: str) -> Response:
    with desk(request) as at:
        page = page_of(request, at, study_for(at.session, at.person, slug))
    return show(page)


def page_of(request: Request, at: Desk, study: Study, problem: str = "") -> ResultsPage:
    level = level_of(at.session, at.person, study) or "view"
    queue: Huey = request.app.state.background
    works = {
        kind: work_of(at.session, queue, at.person, level, kind, study.slug) for kind in ("report", "package")
    }
    return ResultsPage(
        shell=shell_of(request, at.person, "studies"),
        slug=study.slug,
        title=study.draft["title"],
        level=level,
        is_for_people=study.audience == "people",
        left_out=queries.uncounted_people(at.session, study.id),
        is_open=study.status in {"live", "paused"},
        formats=FORMATS,
        package=works["package"],
        report=works["report"],
        tables=tables(at, queue, study, level),
        versions=tuple(version_choices(at, study)),
        problem=problem,
    )


def version_choices(at: Desk, study: Study) -> Iterator[tuple[str, str]]:
    """Where versions that were rated in cannot simply be put together: which ones the report can be of."""
    rated = queries.answered_versions(at.session, queries.chosen(study))
    groups = kinds(as_shown(at.session, rated)) if len(rated) > 1 else []
    if len(groups) < 2:  # noqa: PLR2004  # of one there is no choice
        return
    for group in groups:
        numbers = [str(one.number) for one in group]
        yield numbers[-1], f"Version{'s' * (len(numbers) > 1)} {', '.join(numbers)}"
    yield ALL, "All versions (refused where scales differ)"


def tables(at: Desk, queue: Huey, study: Study, level: Level) -> tuple[MadeTable, ...]:
    """The tables that the background makes or has made; those with the platform's ids for who may edit."""
    found = []
    for job, kept in exports_shown(at.session, study.id):
        if level == "view" and job.arguments["with_external_ids"]:
            continue
        work = shown(queue, job, kept, may_cancel=may_cancel(at.person, level, job))
        found.append(MadeTable(label_of(job.arguments), work))
    return tuple(found)


def label_of(arguments: Mapping[str, Any]) -> str:
    """The table in the form's own words."""
    parts = [dict(FORMATS)[arguments["export_format"]]]
    parts += ["with synthetic participants"] * arguments["include_synthetic"]
    parts += ["everybody"] * arguments["include_uncounted"]
    parts += ["with the platform’s ids"] * arguments["with_external_ids"]
    return ", ".join(parts)


@router.get("/live")
def live(request: Request, slug: str) -> Response:
    """Ratings so far; the results page takes them in when somebody asks."""
    counts: LiveCounts = request.app.state.live_counts
    with desk(request) as at:
        study = study_for(at.session, at.person, slug)
        page = LivePage(
            shell=shell_of(request, at.person, "studies"), slug=slug, live=counts.of(at.session, study)
        )
    return show(page)


@router.post("/package")
def make_package(request: Request, slug: str) -> Response:
    return begin(request, slug, "package")


@router.post("/report")
def make_report(request: Request, slug: str, data: FormData) -> Response:
    return begin(request, slug, "report", data.get("versions", ""))


def begin(request: Request, slug: str, what: What, versions: str = "") -> Response:
    try:
        with desk(request, writing=True) as at:
            ask_for(at, slug, what, versions)
    except Conflict as refused:
        with desk(request) as at:
            page = page_of(request, at, study_for(at.session, at.person, slug), refused.message)
        return show(page, refused.status)
    tell(request.app.state.background, WORK)
    return go(request, f"/studies/{slug}/results")


@router.get("/package")
def get_package(request: Request, slug: str) -> Response:
    return send(request, partial(desk, request), slug, kept(request, slug, "package").id)


@router.get("/report")
def get_report(request: Request, slug: str) -> Response:
    """The report itself, to read in the browser."""
    return FileResponse(there(request.app.state.settings, kept(request, slug, "report"), REPORT_PAGE))


@router.get("/report.zip")
def get_report_files(request: Request, slug: str) -> Response:
    """Report, tables, figures, and the data with their R script."""
    return send(request, partial(desk, request), slug, kept(request, slug, "report").id)


def kept(request: Request, slug: str, what: What) -> Job:
    """The job whose file there is. Raises: NotFound."""
    with desk(request) as at:
        study_for(at.session, at.person, slug)
        job = with_file(at.session, what, slug)
    if job is None:
        raise NotFound(NOT_THERE)
    return job
