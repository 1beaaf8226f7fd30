"""/s/{slug}: what the study is, and Start. Opening it reserves nothing: link scanners open links."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import IntegrityError

from app.errors import Invalid
from app.participation import entry, ids, queries
from app.participation.brake import Brake
from app.participation.entry import Arrival, Entry, Welcome
from app.participation.frames import frame_of
from app.participation.frozen_study import FrozenStudy
from app.participation.pages import LandingPage, MessagePage, WaitPage
from app.participation.queries import OpenStudy
from app.web.cookies import sent_cookie
from app.web.db import transaction
from app.web.forms import FormData
from app.web.pages import Page, render
from app.web.signing import Signing, is_own_link, read_mode

router = APIRouter()
MTURK_PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"


@router.head("/s/{slug}")
@router.get("/s/{slug}")
def landing(request: Request, slug: str) -> Response:
    with transaction(request) as session:
        study = queries.open_study(session, slug)
        hidden = brought(request, study)
        arrival = read_arrival(request, study, hidden)
        cookie = arrival.cookie_code
        secret = secret_of(request)
        is_mine = cookie is not None and entry.is_mine(session, study, cookie, arrival, secret)
        is_known = is_mine or entry.is_known(session, study, arrival, secret)
        shut = None if is_known else entry.why_shut(session, study, arrival.mode)
    if shut is not None:
        return render(closed_page(study, Entry(shut)))
    shown = study.study.for_preview if arrival.mode == "preview" else study.study
    page = LandingPage(
        frame=frame_of(shown),
        minutes=shown.definition.estimated_minutes,
        platform=study.study.platform_name,
        hidden=hidden,
        stores_ids=any(name in hidden for name in ids.IDS),
        blocked=None if is_mine else why_blocked(request, study, hidden, arrival.mode),
        continue_url=f"/p/{cookie}" if is_mine else None,
        is_preview=not entry.is_counted(study, arrival.mode),
    )
    return render(page)


@router.post("/s/{slug}")
def start(request: Request, slug: str, data: FormData) -> Response:
    wait_s = seconds_to_wait(request, slug, data)
    if wait_s:
        return please_wait(request, slug, data, wait_s)
    try:
        study, found = enter(request, slug, data)
    except IntegrityError:
        # Two requests of one person raced; the other has won and is found now.
        study, found = enter(request, slug, data)
    if found.welcome is not Welcome.GO_ON:
        return render(closed_page(study, found), 403)
    response = RedirectResponse(f"/p/{found.code}", status_code=303)
    if found.is_preview:
        return response  # the next preview begins anew, and a participant's own visit keeps its cookie
    response.set_cookie(
        cookie_name(study),
        found.code or "",
        path=f"/s/{slug}",
        max_age=int(study.study.definition.design.resume_hours * 3600) + 90 * 24 * 3600,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


def seconds_to_wait(request: Request, slug: str, data: FormData) -> int:
    """How long this arrival has to wait. Whoever has a signed mode is on the study team's own errand."""
    signing: Signing = request.app.state.signing
    brake: Brake = request.app.state.brake
    if read_mode(signing, slug, data.get("mode", "")):
        return 0
    return brake.seconds_to_wait(request.client.host if request.client else "")


def please_wait(request: Request, slug: str, data: FormData, wait_s: int) -> Response:
    """Ask an arrival to wait: the page comes back by itself to the link it came with, or at a press."""
    with transaction(request) as session:
        study = queries.open_study(session, slug)
    names = study.study.parameters.model_dump()
    link = {name: data[key] for key, name in names.items() if name and data.get(key)}
    link |= {key: data[key] for key in ("mode", "link") if data.get(key)}
    again = f"/s/{slug}?{urlencode(link)}"
    hidden = {key: data[key] for key in (*ids.IDS, "mode", "link", "visit") if data.get(key)}
    response = render(WaitPage(frame=frame_of(study.study), wait_s=wait_s, hidden=hidden), 429)
    response.headers["Retry-After"] = str(wait_s)
    response.headers["Refresh"] = f"{wait_s}; url={again}"
    return response


def enter(request: Request, slug: str, data: FormData) -> tuple[OpenStudy, Entry]:
    with transaction(request, writing=True) as session:
        study = queries.open_study(session, slug)
        arrival = read_arrival(request, study, data)
        if not arrival.new_code:
            raise Invalid("This page was changed on the way here. Please open your link again.")
        blocked = why_blocked(request, study, data, arrival.mode)
        if blocked:
            raise Invalid(blocked)
        return study, entry.enter(session, study, arrival, secret_of(request), datetime.now(UTC))


def secret_of(request: Request) -> bytes:
    signing: Signing = request.app.state.signing
    return signing.secret


def cookie_name(study: OpenStudy) -> str:
    return f"visit-{study.id}"


def brought(request: Request, study: OpenStudy) -> dict[str, str]:
    """What the landing page's form carries on: the platform's parameters under our own names, the
    mode's token, and the code this browser's visit will have.
    """
    signing: Signing = request.app.state.signing
    query = request.query_params
    names = study.study.parameters
    refuse_repeated(request, (names.external_id, names.study_id, names.attempt_id))
    values = {
        "external_id": filled(query.get(names.external_id or "", "")),
        "study_id": filled(query.get(names.study_id or "", "")),
        "attempt_id": filled(query.get(names.attempt_id or "", "")),
        "mode": query.get("mode", ""),
        "link": query.get("link", ""),
        "visit": signing.sign("visit", f"{study.slug} {entry.make_code()}"),
    }
    return {key: value for key, value in values.items() if value}


def refuse_repeated(request: Request, names: Iterable[str | None]) -> None:
    """Refuse a link that says twice who somebody is. Raises: Invalid."""
    for name in names:
        if name is not None and len(request.query_params.getlist(name)) > 1:
            raise Invalid(f"The link has {name} twice. Please open the study from the platform again.")


def filled(value: str) -> str:
    """A parameter's value; a placeholder that no platform filled in, like {{%PROLIFIC_PID%}}, is none."""
    value = value.strip()
    return "" if re.fullmatch(r"(\{\{)?%.*%(\}\})?", value) else value


def read_arrival(request: Request, study: OpenStudy, fields: Mapping[str, str]) -> Arrival:
    """Raises: Invalid for an id no platform gives, or a mode token that is not this study's."""
    signing: Signing = request.app.state.signing
    mode = "people"
    if fields.get("mode"):
        granted = read_mode(signing, study.slug, fields["mode"])
        if granted is None:
            raise Invalid("This link is not valid for this study. Please ask the study team for a new one.")
        mode = granted
    platform = study.study.definition.recruitment.platform
    found = ids.tidy_ids(platform, fields)
    if mode == "people":
        ids.refuse_impossible(platform, found.get("external_id"))
    is_preview = mode == "preview"
    if is_preview:
        found = {}
    visit = signing.read("visit", fields.get("visit", "")) or ""
    return Arrival(
        mode=mode,
        new_code=visit.removeprefix(f"{study.slug} ") if visit.startswith(f"{study.slug} ") else "",
        external_id=found.get("external_id"),
        study_id=found.get("study_id"),
        attempt_id=found.get("attempt_id"),
        cookie_code=None if is_preview else sent_cookie(request, cookie_name(study)),
    )


def why_blocked(request: Request, study: OpenStudy, fields: Mapping[str, str], mode: str) -> str | None:
    """Why this link cannot start the study; None if it can."""
    signing: Signing = request.app.state.signing
    is_asked = study.study.definition.recruitment.signed_link and mode == "people"
    if is_asked and not is_own_link(signing, study.slug, fields.get("link", "")):
        place = study.study.platform_name or "the place where you found it"
        return f"This link is not complete. Please open the study from {place}, and do not change the link."
    return missing_id(study.study, fields, mode)


def missing_id(study: FrozenStudy, fields: Mapping[str, str], mode: str) -> str | None:
    """Without the platform's id nobody could be paid."""
    platform, name = study.platform_name, study.parameters.external_id
    if fields.get("attempt_id") == MTURK_PREVIEW:
        return "This is a preview. Please accept the task first; then you can start."
    if mode == "people" and platform and name and not fields.get("external_id"):
        return (
            f"This link does not carry your {platform} id ({name}). "
            f"Please open the study from {platform}, so that your participation can be recognised."
        )
    return None


def closed_page(study: OpenStudy, found: Entry) -> Page:
    """Why this arrival cannot go in, in words that fit how an earlier visit ended."""
    platform = study.study.platform_name
    back = f" Please return your submission on {platform}." if platform else ""
    code = "If you still need your code, open the study in the browser you used, or write to the study team."
    took_part = "You have already taken part in this study. Thank you."
    came_before = "You have been here already, and the study has ended for you."
    pages: dict[Welcome, tuple[str, tuple[str, ...]]] = {
        Welcome.TAKEN_PART: (
            "You have taken part" if found.status == "completed" else "You have been here",
            (took_part if found.status == "completed" else came_before, code),
        ),
        Welcome.STARTED_ELSEWHERE: (
            "You have started already",
            (
                "Please go on in the browser you began with, or open the study from the platform again.",
                "If neither is possible, write to the study team.",
            ),
        ),
        Welcome.FULL: ("The study is full", (f"All places are taken. Thank you for your interest.{back}",)),
        Welcome.DRY_RUN: (
            "This is a dry run",
            (
                "It takes made-up participants only, and could pay nobody.",
                f"Please tell the study team that you were sent here.{back}",
            ),
        ),
        Welcome.NOT_OPEN: (
            "The study is not open",
            (f"This study takes no new participants at the moment. Thank you for your interest.{back}",),
        ),
    }
    heading, sentences = pages[found.welcome]
    return MessagePage(frame=frame_of(study.study), heading=heading, sentences=sentences)
