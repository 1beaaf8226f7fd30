"""The participant's path: /s/{slug} lets people in, /p/{code} shows the one page that is theirs now."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from app.jobs.files import forget
from app.participation import ending_pages, erasing, queries, service, step_pages
from app.participation.flow import Kind, Step
from app.participation.forms import (
    ChoiceForm,
    LeaveForm,
    choice_form,
    comprehension_form,
    questionnaire_answers,
    rating_fields,
    rating_form,
)
from app.participation.own_data import may_erase
from app.participation.pages import CompletedPage, RatePage
from app.participation.payment import return_url
from app.participation.queries import Visit
from app.participation.shown_at import read_shown_at, with_time_of_showing
from app.participation.way_back import keep_link, with_kept_link
from app.web.db import Database, transaction
from app.web.forms import Bound, FormData, bind
from app.web.pages import Page, render
from app.web.signing import Signing

router = APIRouter()
Outcome = Page | Step


def redirect(code: str, step: Step) -> Response:
    return RedirectResponse(f"/p/{code}/{step.path}", status_code=303)


def respond(code: str, outcome: Outcome) -> Response:
    """A faulty form's page comes back with what was filled in; everything else leads on."""
    return redirect(code, outcome) if isinstance(outcome, Step) else render(outcome, 422)


@router.post("/p/{code}/rate/{number}")
def rate(request: Request, code: str, number: int, data: FormData) -> Response:
    """Store one item's ratings. A repeated submission finds the participant further on, changes nothing
    and leads there.
    """
    with transaction(request, writing=True) as session:
        visit = service.open_visit(session, code, datetime.now(UTC))
        if visit.step != Step(Kind.ITEM, number) or data.get("position") != str(number):
            return redirect(code, visit.step)
        bound = bind(rating_form(visit.study.sha256, visit.study.definition), data)
        if bound.value is None:
            outcome = faulty(session, visit, bound)
        else:
            given = bound.value.model_dump()
            ratings = {key: given[name] for name, key in rating_fields(visit.study.definition).items()}
            shown_at = read_shown_at(request, visit, data.get("shown", ""))
            comment = given.get("comment") or None
            outcome = service.rate(session, visit, ratings, shown_at, comment)
    return respond(code, outcome)


@router.get("/p/{code}")
def resume(request: Request, code: str) -> Response:
    with transaction(request) as session:
        step = queries.visit(session, code, datetime.now(UTC)).step
    return redirect(code, step)


@router.get("/p/{code}/leave")
def ask_to_leave(request: Request, code: str) -> Response:
    with transaction(request) as session:
        visit = queries.visit(session, code, datetime.now(UTC))
    if visit.status not in {"active", "dropped"} or visit.step.kind is Kind.CLOSED:
        return redirect(code, visit.step)
    return render(ending_pages.leave_page(visit))


@router.get("/p/{code}/erase")
def ask_to_erase(request: Request, code: str) -> Response:
    with transaction(request) as session:
        visit = queries.visit(session, code, datetime.now(UTC))
    if not may_erase(visit):
        return redirect(code, visit.step)
    return render(ending_pages.erase_page(visit))


@router.get("/p/{code}/{place:path}")
def show(request: Request, code: str, place: str) -> Response:
    """The page of the participant's step; from any other place the way leads there."""
    with transaction(request) as session:
        visit = queries.visit(session, code, datetime.now(UTC))
        page = step_pages.page_for(session, visit) if visit.step.path == place else None
    if page is None:
        return redirect(code, visit.step)
    if isinstance(page, RatePage) and not page.is_practice:
        return with_time_of_showing(request, visit, page)
    if isinstance(page, CompletedPage) and visit.last_page is not None:
        return render(with_kept_link(request, visit, page))
    return render(page)


@router.post("/p/{code}/leave")
def leave(request: Request, code: str, data: FormData) -> Response:
    form = bind(LeaveForm, data)
    wants_erasing = form.value is not None and form.value.erase
    with transaction(request, writing=True) as session:
        visit = service.open_visit(session, code, datetime.now(UTC))
        step, is_erased = visit.step, False
        if visit.status == "active" and step.kind is not Kind.CLOSED:
            step = service.leave(session, visit, secret_of(request), erase=wants_erasing)
            is_erased = wants_erasing and step.kind is Kind.WITHDRAWN
        elif wants_erasing and may_erase(visit):
            step, is_erased = erase_ended(request, session, visit), True
    return after_erasing(request, visit, step) if is_erased else redirect(code, step)


@router.post("/p/{code}/erase")
def erase(request: Request, code: str, data: FormData) -> Response:
    """Erase a visit that has ended, at its person's wish."""
    if data.get("erase") != "true":
        return RedirectResponse(f"/p/{code}/erase", status_code=303)
    with transaction(request, writing=True) as session:
        visit = queries.visit(session, code, datetime.now(UTC), locked=True)
        if not may_erase(visit):
            return redirect(code, visit.step)
        step = erase_ended(request, session, visit)
    return after_erasing(request, visit, step)


def erase_ended(request: Request, session: Session, visit: Visit) -> Step:
    return Step(erasing.erase(session, visit, secret_of(request)))


def after_erasing(request: Request, visit: Visit, step: Step) -> Response:
    """What follows once an erasing is committed; `visit` is as it was before.

    Only a real erasing comes here: asking again must not delete the study's package and report once more.
    """
    database: Database = request.app.state.database
    database.empty_log()
    forget(request.app.state.settings, database, visit.slug)
    response = redirect(visit.code, step)
    link = return_url(visit, visit.study.definition.recruitment.codes.completed)
    if link and step.kind is Kind.COMPLETED:
        keep_link(request, response, visit, link)
    return response


def secret_of(request: Request) -> bytes:
    signing: Signing = request.app.state.signing
    return signing.secret


@router.post("/p/{code}/consent")
def consent(request: Request, code: str, data: FormData) -> Response:
    with transaction(request, writing=True) as session:
        visit = service.open_visit(session, code, datetime.now(UTC))
        outcome = visit.step
        if visit.step.kind is Kind.CONSENT and data.get("consent") == "yes":
            outcome = service.agree(session, visit)
        elif visit.step.kind is Kind.CONSENT and data.get("consent") == "no":
            outcome = service.decline(session, visit, secret_of(request))
    return redirect(code, outcome)


@router.post("/p/{code}/instructions")
def instructions(request: Request, code: str) -> Response:
    with transaction(request, writing=True) as session:
        visit = service.open_visit(session, code, datetime.now(UTC))
        step = visit.step
        if step.kind is Kind.INSTRUCTIONS:
            step = service.read_instructions(session, visit)
    return redirect(code, step)


@router.post("/p/{code}/comprehension")
def comprehension(request: Request, code: str, data: FormData) -> Response:
    with transaction(request, writing=True) as session:
        visit = service.open_visit(session, code, datetime.now(UTC))
        asked = visit.study.definition.comprehension
        is_repeated = data.get("attempt") != str(visit.comprehension_attempts + 1)
        if visit.step.kind is not Kind.COMPREHENSION or asked is None or is_repeated:
            return redirect(code, visit.step)
        bound = bind(comprehension_form(tuple(len(question.options) for question in asked.questions)), data)
        outcome: Outcome
        if bound.value is None:
            outcome = faulty(session, visit, bound)
        else:
            given = bound.value.model_dump().values()
            outcome = service.answer_comprehension(
                session, visit, {number: option - 1 for number, option in enumerate(given)}
            )
    return respond(code, outcome)


@router.post("/p/{code}/practice/{number}")
def practice(request: Request, code: str, number: int, data: FormData) -> Response:
    with transaction(request, writing=True) as session:
        visit = service.open_visit(session, code, datetime.now(UTC))
        if visit.step != Step(Kind.PRACTICE, number):
            return redirect(code, visit.step)
        bound = bind(rating_form(visit.study.sha256, visit.study.definition), data)
        outcome = service.practise(session, visit) if bound.value else faulty(session, visit, bound)
    return respond(code, outcome)


@router.post("/p/{code}/answer/{number}")
def own_answer(request: Request, code: str, number: int, data: FormData) -> Response:
    with transaction(request, writing=True) as session:
        visit = service.open_visit(session, code, datetime.now(UTC))
        if visit.step != Step(Kind.OWN_ANSWER, number):
            return redirect(code, visit.step)
        current = queries.current_item(session, visit)
        bound = bind(choice_form(len(current.choices)), data)
        outcome: Outcome = (
            service.give_own_answer(session, visit, current, bound.value.choice - 1)
            if isinstance(bound.value, ChoiceForm)
            else faulty(session, visit, bound)
        )
    return respond(code, outcome)


@router.post("/p/{code}/check/{number}")
def check(request: Request, code: str, number: int, data: FormData) -> Response:
    with transaction(request, writing=True) as session:
        visit = service.open_visit(session, code, datetime.now(UTC))
        if visit.step != Step(Kind.CHECK, number):
            return redirect(code, visit.step)
        labels = step_pages.check_labels(visit.study.definition)
        bound = bind(choice_form(len(labels)), data)
        outcome: Outcome = (
            service.answer_check(session, visit, labels, bound.value.choice)
            if isinstance(bound.value, ChoiceForm)
            else faulty(session, visit, bound)
        )
    return respond(code, outcome)


@router.post("/p/{code}/questionnaire")
def questionnaire(request: Request, code: str, data: FormData) -> Response:
    with transaction(request, writing=True) as session:
        visit = service.open_visit(session, code, datetime.now(UTC))
        step = visit.step
        if step.kind is Kind.QUESTIONNAIRE:
            step = service.answer_questionnaire(
                session, visit, questionnaire_answers(visit.study.definition, data)
            )
    return redirect(code, step)


def faulty(session: Session, visit: Visit, bound: Bound[Any]) -> Outcome:
    return step_pages.page_for(session, visit, bound)
