"""Which page shows the end of a visit, and what is offered there."""

from collections.abc import Callable

from app.participation.flow import Kind
from app.participation.frames import frame, last_frame
from app.participation.own_data import own_of
from app.participation.pages import (
    CompletedPage,
    ErasePage,
    LeavePage,
    Link,
    MessagePage,
)
from app.participation.payment import code_for, return_url
from app.participation.queries import Visit
from app.web.markdown import to_html
from app.web.pages import Page


def completed_page(visit: Visit) -> Page:
    code = code_for(visit, visit.study.definition.recruitment.codes.completed)
    return CompletedPage(
        frame=last_frame(visit),
        html=to_html(visit.study.definition.pages.debrief),
        platform=visit.study.platform_name,
        code=code,
        return_url=return_url(visit, code),
        own=own_of(visit),
    )


def declined_page(visit: Visit) -> Page:
    code = visit.study.definition.recruitment.codes.no_consent
    sentences = (
        "You chose not to take part. That is fine: your answers and ids were not kept.",
        "Only a fingerprint of your id remains, so that the study does not ask you again.",
    )
    return ending(visit, "You are not taking part", sentences, code)


def screened_out_page(visit: Visit) -> Page:
    code = visit.study.definition.recruitment.codes.screened_out
    sentences = (
        "Thank you for your time. Some answers about the instructions did not fit, so the study ends here.",
        "This says nothing about you, and it is no reason to reject your submission.",
    )
    return ending(visit, "The study ends here", sentences, code)


def left_page(visit: Visit) -> Page:
    sentences = ("Thank you for the time you gave.",)
    return ending(visit, "You have left the study", sentences, None)


def turned_away_page(visit: Visit) -> Page:
    sentences = ("All places were taken while you were reading. We are sorry, and thank you for coming.",)
    return ending(visit, "The study is full", sentences, None)


def closed_page(visit: Visit) -> Page:
    if visit.status == "replaced":
        sentences: tuple[str, ...] = (
            "The study was opened again with the same id before anything was answered here.",
            "Please open your link again to start anew.",
        )
        return MessagePage(frame=last_frame(visit), heading="This visit has ended", sentences=sentences)
    hours = visit.study.definition.design.resume_hours
    over = f"It could be taken up again for {hours:g} hours after your last step; that time is over."
    kept = "The answers you gave are kept."
    contact = "If you think this is a mistake, please write to the study team."
    sentences = (
        *((over,) if visit.status != "excluded" and visit.last_page is None else ()),
        *((kept,) if visit.items_answered else ()),
        contact,
    )
    return MessagePage(
        frame=last_frame(visit), heading="This visit has ended", sentences=sentences, own=own_of(visit)
    )


def ending(visit: Visit, heading: str, sentences: tuple[str, ...], code: str | None) -> MessagePage:
    """An ending with the platform's code, or the request to return the submission where there is none.

    An address without {code}, such as SONA's, gives credit whatever happened: it is for who completes.
    """
    platform = visit.study.platform_name
    code = code_for(visit, code)
    url = return_url(visit, code) if "{code}" in (visit.study.completion_url or "") else None
    if platform and code is None:
        sentences += (f"Please return your submission on {platform}, so that your place is free again.",)
    link = Link(f"Return to {platform}" if platform else "Finish", url) if url else None
    return MessagePage(
        frame=last_frame(visit), heading=heading, sentences=sentences, code=code, link=link, own=own_of(visit)
    )


def erase_page(visit: Visit) -> ErasePage:
    return ErasePage(frame=last_frame(visit), back_url=f"/p/{visit.code}")


def leave_page(visit: Visit) -> LeavePage:
    return LeavePage(frame=frame(visit), back_url=f"/p/{visit.code}", answered=visit.items_answered)


PAGES_OF_ENDINGS: dict[Kind, Callable[[Visit], Page]] = {
    Kind.COMPLETED: completed_page,
    Kind.DECLINED: declined_page,
    Kind.SCREENED_OUT: screened_out_page,
    Kind.TURNED_AWAY: turned_away_page,
    Kind.WITHDRAWN: left_page,
    Kind.CLOSED: closed_page,
}
