"""Which page shows a step: from a visit to the dataclass its template reads."""

import random
from collections.abc import Callable

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.contract.answers import chosen_index
from app.contract.study import PracticeItem, StudyDefinition
from app.participation import queries
from app.participation.ending_pages import PAGES_OF_ENDINGS
from app.participation.flow import Kind, asked_label
from app.participation.forms import rating_fields
from app.participation.frames import frame
from app.participation.pages import (
    Choice,
    ChoicePage,
    ChoiceQuestion,
    ComprehensionPage,
    QuestionnairePage,
    RatePage,
    Stimulus,
    TextPage,
)
from app.participation.queries import CurrentItem, Visit
from app.web.forms import Bound
from app.web.markdown import to_html
from app.web.pages import Page

Submitted = Bound[BaseModel]
NOTHING: Submitted = Bound(None)


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


STEPS: dict[Kind, Callable[[Session, Visit, Submitted], Page]] = {
    Kind.CONSENT: consent_page,
    Kind.INSTRUCTIONS: instructions_page,
    Kind.COMPREHENSION: comprehension_page,
    Kind.PRACTICE: practice_page,
    Kind.OWN_ANSWER: own_answer_page,
    Kind.ITEM: item_page,
    Kind.CHECK: check_page,
    Kind.QUESTIONNAIRE: questionnaire_page,
}


def page_for(session: Session, visit: Visit, bound: Submitted = NOTHING) -> Page:
    """The page of the step this visit is at, with what was just submitted wrongly, if anything."""
    kind = visit.step.kind
    return STEPS[kind](session, visit, bound) if kind in STEPS else PAGES_OF_ENDINGS[kind](visit)
