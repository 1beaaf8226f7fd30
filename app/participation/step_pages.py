"""Which page shows a step: from a visit to the dataclass its template reads."""

import random
from collections.abc import Callable
from dataclasses import replace

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.contract.answers import chosen_index
from app.contract.study import PracticeItem, StudyDefinition
from app.participation import queries
from app.participation.flow import Kind, asked_label
from app.participation.forms import rating_fields
from app.participation.frozen_study import FrozenStudy
from app.participation.own_data import own_of
from app.participation.pages import (
    Choice,
    ChoicePage,
    ChoiceQuestion,
    CompletedPage,
    ComprehensionPage,
    ErasePage,
    Frame,
    LeavePage,
    Link,
    MessagePage,
    QuestionnairePage,
    RatePage,
    Stimulus,
    TextPage,
)
from app.participation.payment import code_for, return_url
from app.participation.queries import CurrentItem, Visit
from app.web.forms import Bound
from app.web.markdown import to_html
from app.web.pages import Page

Submitted = Bound[BaseModel]
NOTHING: Submitted = Bound(None)


def frame_of(study: FrozenStudy) -> Frame:
    """The frame of a page that belongs to nobody yet."""
    return Frame(study.definition.title, study.definition.language, study.definition.contact)


def last_frame(visit: Visit) -> Frame:
    """The frame of an ending."""
    return replace(frame_of(visit.study), is_preview=visit.is_preview)


def frame(visit: Visit, progress: str = "") -> Frame:
    """The frame of a step; the bar counts items, and the words say what this page is."""
    definition = visit.study.definition
    return Frame(
        definition.title,
        definition.language,
        definition.contact,
        leave_url=f"/p/{visit.code}/leave",
        progress=progress,
        step=visit.items_answered,
        steps=visit.study.shape.items if visit.dealt_at else 0,
        is_preview=visit.is_preview,
    )


def consent_page(_session: Session, visit: Visit, _bound: Submitted) -> Page:
    html = to_html(visit.study.definition.pages.consent)
    return TextPage(
        frame=frame(visit),
        heading="Consent",
        html=html,
        button="I agree and want to take part",
        is_consent=True,
    )


def instructions_page(_session: Session, visit: Visit, _bound: Submitted) -> Page:
    html = to_html(visit.study.definition.pages.instructions)
    return TextPage(
        frame=frame(visit), heading="Instructions", html=html, button="Continue", is_consent=False
    )


def comprehension_page(_session: Session, visit: Visit, bound: Submitted) -> Page:
    comprehension = visit.study.definition.comprehension
    assert comprehension is not None  # noqa: S101  # the step exists only where the definition has it
    return ComprehensionPage(
        frame=frame(visit, "Before you begin"),
        instructions=to_html(visit.study.definition.pages.instructions),
        questions=tuple(
            ChoiceQuestion(f"question_{number}", question.text, numbered(question.options))
            for number, question in enumerate(comprehension.questions, 1)
        ),
        attempt=visit.comprehension_attempts + 1,
        attempts_left=comprehension.attempts - visit.comprehension_attempts,
        has_failed=visit.comprehension_attempts > 0,
        data=bound.data,
        errors=bound.errors,
    )


def practice_page(_session: Session, visit: Visit, bound: Submitted) -> Page:
    item = visit.study.definition.practice[visit.practice_done]
    return RatePage(
        frame=frame(visit, "Practice"),
        stimulus=practice_stimulus(item),
        questions=rating_questions(visit),
        comment=visit.study.definition.comment,
        own_answer=None,
        is_practice=True,
        position=visit.practice_done + 1,
        shown="",
        data=bound.data,
        errors=bound.errors,
    )


def practice_stimulus(item: PracticeItem) -> Stimulus:
    answer = item.choices[item.student_answer]
    return Stimulus(
        question=item.question,
        choices=item.choices,
        answer=answer,
        marked=item.student_answer,
        explanation=item.explanation,
        premise=item.premise,
    )


def item_page(session: Session, visit: Visit, bound: Submitted) -> Page:
    return rate_page(visit, queries.current_item(session, visit), bound)


def rate_page(visit: Visit, current: CurrentItem, bound: Submitted) -> RatePage:
    """An item to rate; the time of showing is filled in by the route."""
    choices = tuple(current.choices)
    marked = chosen_index(current.answer, choices)
    return RatePage(
        frame=frame(visit, f"Explanation {visit.items_answered + 1} of {visit.study.shape.items}"),
        stimulus=Stimulus(
            question=current.question,
            choices=choices,
            answer=current.answer,
            marked=marked,
            explanation=current.explanation,
            premise=current.premise,
        ),
        questions=rating_questions(visit),
        comment=visit.study.definition.comment,
        own_answer=current.own_answer,
        is_practice=False,
        position=visit.items_answered + 1,
        shown=bound.data.get("shown", ""),
        data=bound.data,
        errors=bound.errors,
    )


def own_answer_page(session: Session, visit: Visit, bound: Submitted) -> Page:
    current = queries.current_item(session, visit)
    group = ChoiceQuestion("choice", "What would you answer?", numbered(tuple(current.choices)))
    progress = f"Question {visit.items_answered + 1} of {visit.study.shape.items}"
    return ChoicePage(
        frame=frame(visit, progress),
        question=current.question,
        group=group,
        data=bound.data,
        errors=bound.errors,
        premise=current.premise,
    )


def check_page(_session: Session, visit: Visit, bound: Submitted) -> Page:
    definition = visit.study.definition
    labels, number = check_labels(definition), visit.checks_answered + 1
    label = labels[asked_label(labels, number, visit.seed) - 1]
    assert definition.attention is not None  # noqa: S101  # the step exists only where the definition has it
    statement = definition.attention.statement.replace("{label}", label)
    group = ChoiceQuestion("choice", statement, numbered(labels), wide=True)
    progress = f"{visit.items_answered} of {visit.study.shape.items} explanations rated"
    return ChoicePage(
        frame=frame(visit, progress), question="", group=group, data=bound.data, errors=bound.errors
    )


def check_labels(definition: StudyDefinition) -> tuple[str, ...]:
    """The labels an attention check offers: the first construct's scale."""
    return definition.scales[definition.constructs[0].scale]


def questionnaire_page(_session: Session, visit: Visit, _bound: Submitted) -> Page:
    questions = tuple(
        ChoiceQuestion(f"answer_{number}", asked.text, numbered(asked.options))
        for number, asked in enumerate(visit.study.definition.questionnaire, 1)
    )
    return QuestionnairePage(frame=frame(visit, "A few questions about you"), questions=questions)


def completed_page(_session: Session, visit: Visit, _bound: Submitted) -> Page:
    code = code_for(visit, visit.study.definition.recruitment.codes.completed)
    return CompletedPage(
        frame=last_frame(visit),
        html=to_html(visit.study.definition.pages.debrief),
        platform=visit.study.platform_name,
        code=code,
        return_url=return_url(visit, code),
        own=own_of(visit),
    )


def declined_page(_session: Session, visit: Visit, _bound: Submitted) -> Page:
    code = visit.study.definition.recruitment.codes.no_consent
    sentences = (
        "You chose not to take part. That is fine: your answers and ids were not kept.",
        "Only a fingerprint of your id remains, so that the study does not ask you again.",
    )
    return ending(visit, "You are not taking part", sentences, code)


def screened_out_page(_session: Session, visit: Visit, _bound: Submitted) -> Page:
    code = visit.study.definition.recruitment.codes.screened_out
    sentences = (
        "Thank you for your time. Some answers about the instructions did not fit, so the study ends here.",
        "This says nothing about you, and it is no reason to reject your submission.",
    )
    return ending(visit, "The study ends here", sentences, code)


def left_page(_session: Session, visit: Visit, _bound: Submitted) -> Page:
    sentences = ("Thank you for the time you gave.",)
    return ending(visit, "You have left the study", sentences, None)


def turned_away_page(_session: Session, visit: Visit, _bound: Submitted) -> Page:
    sentences = ("All places were taken while you were reading. We are sorry, and thank you for coming.",)
    return ending(visit, "The study is full", sentences, None)


def closed_page(_session: Session, visit: Visit, _bound: Submitted) -> Page:
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


def numbered(labels: tuple[str, ...]) -> tuple[Choice, ...]:
    return tuple(Choice(value, label) for value, label in enumerate(labels, 1))


def rating_questions(visit: Visit) -> tuple[ChoiceQuestion, ...]:
    """The constructs in this participant's order, which stays the same from item to item."""
    definition = visit.study.definition
    questions = [
        ChoiceQuestion(
            name, construct.statement, numbered(definition.scales[construct.scale]), construct.help, wide=True
        )
        for name, construct in zip(rating_fields(definition), definition.constructs, strict=True)
    ]
    if definition.design.construct_order == "random":
        random.Random(f"constructs {visit.seed}").shuffle(questions)
    return tuple(questions)


ROOMS: dict[Kind, Callable[[Session, Visit, Submitted], Page]] = {
    Kind.CONSENT: consent_page,
    Kind.INSTRUCTIONS: instructions_page,
    Kind.COMPREHENSION: comprehension_page,
    Kind.PRACTICE: practice_page,
    Kind.OWN_ANSWER: own_answer_page,
    Kind.ITEM: item_page,
    Kind.CHECK: check_page,
    Kind.QUESTIONNAIRE: questionnaire_page,
    Kind.COMPLETED: completed_page,
    Kind.DECLINED: declined_page,
    Kind.SCREENED_OUT: screened_out_page,
    Kind.TURNED_AWAY: turned_away_page,
    Kind.WITHDRAWN: left_page,
    Kind.CLOSED: closed_page,
}


def page_for(session: Session, visit: Visit, bound: Submitted = NOTHING) -> Page:
    """The page of the step this visit is at, with what was just submitted wrongly, if anything."""
    return ROOMS[visit.step.kind](session, visit, bound)
