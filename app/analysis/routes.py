"""/studies/{slug}/results: ratings so far, exports, the data package and the report."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from app.access import level_of, study_for
from app.analysis.live import LiveCounts
from app.analysis.pages import LivePage, Made, ResultsPage
from app.audit import record
from app.errors import Conflict, NotFound
from app.exports import queries
from app.exports.base import Format
from app.models import Study
from app.settings import Settings
from app.web.auth import Desk, desk
from app.web.downloads import PassingFile
from app.web.jobs import PACKAGES, REPORTS, Job
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
BUSY = "This is being made already; the page shows when it is there."


@router.get("")
def results(request: Request, slug: str) -> Response:
    with desk(request) as at:
        page = page_of(request, at, study_for(at.session, at.person, slug))
    return show(page)


def page_of(request: Request, at: Desk, study: Study, problem: str = "") -> ResultsPage:
    settings: Settings = request.app.state.settings
    return ResultsPage(
        shell_of(request, at.person, "studies"),
        slug=study.slug,
        title=study.draft["title"],
        level=level_of(at.session, at.person, study) or "view",
        is_for_people=study.audience == "people",
        left_out=queries.uncounted_people(at.session, study.id),
        is_open=study.status in {"live", "paused"},
        formats=FORMATS,
        package=made(package_job(settings, study.slug), package_file(settings, study.slug)),
        report=made(report_job(settings, study.slug), report_folder(settings, study.slug) / "report.html"),
        problem=problem,
    )


def made(job: Job, file: Path) -> Made:
    told = job.result() or {}
    at = datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.exists() else None
    return Made(
        is_running=job.is_running(),
        begun=job.begun(),
        progress=job.progress(),
        at=at,
        problem="" if told.get("ok", True) else str(told["error"]),
    )


@router.get("/live")
def live(request: Request, slug: str) -> Response:
    """Ratings so far; the results page takes them in when somebody asks."""
    counts: LiveCounts = request.app.state.live_counts
    with desk(request) as at:
        study = study_for(at.session, at.person, slug)
        page = LivePage(shell_of(request, at.person, "studies"), slug, counts.of(at.session, study))
    return show(page)


# What a command makes


def package_job(settings: Settings, slug: str) -> Job:
    return Job(settings, PACKAGES, slug)


def package_file(settings: Settings, slug: str) -> Path:
    return settings.home / PACKAGES / f"{slug}.zip"


def report_job(settings: Settings, slug: str) -> Job:
    return Job(settings, REPORTS, slug)


def report_folder(settings: Settings, slug: str) -> Path:
    return settings.home / REPORTS / slug


@router.post("/package")
def make_package(request: Request, slug: str) -> Response:
    settings: Settings = request.app.state.settings
    job, out = package_job(settings, slug), package_file(settings, slug).resolve()
    noted = str(job.path("progress").resolve())
    arguments = ["package", "--out", str(out), "--progress", noted, "--json", "--", slug]
    return begin(request, slug, job, arguments, "study.packaged")


@router.post("/report")
def make_report(request: Request, slug: str) -> Response:
    settings: Settings = request.app.state.settings
    folder = report_folder(settings, slug).resolve()
    new = folder.with_name(f"{slug}.new")

    def put_in_place(told: dict[str, Any]) -> None:
        """An older report is there until the new one is whole."""
        if told.get("ok"):
            shutil.rmtree(folder, ignore_errors=True)
            new.replace(folder)

    arguments = ["analyze", "--out", str(new), "--json", "--", slug]
    return begin(request, slug, report_job(settings, slug), arguments, "study.analyzed", put_in_place)


def begin(
    request: Request,
    slug: str,
    job: Job,
    arguments: Sequence[str],
    action: str,
    finish: Callable[[dict[str, Any]], None] = lambda _told: None,
) -> Response:
    try:
        with desk(request, writing=True) as at:
            study_for(at.session, at.person, slug)
            job.start(arguments, BUSY, finish)
            record(at.session, action, slug)
    except Conflict as refused:
        with desk(request) as at:
            page = page_of(request, at, study_for(at.session, at.person, slug), refused.message)
        return show(page, refused.status)
    return go(request, f"/studies/{slug}/results")


@router.get("/package")
def get_package(request: Request, slug: str) -> Response:
    file = allowed(request, slug, package_file(request.app.state.settings, slug))
    return FileResponse(file, media_type="application/zip", filename=f"{slug}-data.zip")


@router.get("/report")
def get_report(request: Request, slug: str) -> Response:
    file = allowed(request, slug, report_folder(request.app.state.settings, slug) / "report.html")
    return FileResponse(file, media_type="text/html")


@router.get("/report.zip")
def get_report_files(request: Request, slug: str) -> Response:
    """Report, tables, figures, and the data with their R script."""
    allowed(request, slug, report_folder(request.app.state.settings, slug) / "report.html")
    folder = Path(tempfile.mkdtemp(prefix="honeyglass-report-"))
    try:
        source = report_folder(request.app.state.settings, slug)
        path = shutil.make_archive(str(folder / f"{slug}-report"), "zip", source)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return PassingFile(path, media_type="application/zip", filename=f"{slug}-report.zip")


def allowed(request: Request, slug: str, file: Path) -> Path:
    """The file, if this person may see the study and it was made. Raises: NotFound."""
    with desk(request) as at:
        study_for(at.session, at.person, slug)
    if not file.exists():
        raise NotFound("This has not been made yet; the results page has the button.")
    return file
