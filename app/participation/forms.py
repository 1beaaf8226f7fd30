"""The forms a participant submits. Messages are what the participant reads."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from app.contract.study import StudyDefinition

LONGEST_COMMENT = 5_000
CHOOSE = "Please choose an answer."


def one_of(count: int, first: int) -> Any:  # noqa: ANN401  # a type
    """A type for a radio group whose values are `first`, `first` + 1, … (`count` of them)."""

    def check(value: object) -> int:
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 4:  # noqa: PLR2004  # three digits hold every choice
            number = int(value)
            if first <= number < first + count:
                return number
        raise ValueError(CHOOSE)

    return Annotated[int, BeforeValidator(check)]


class Answers(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, validate_default=True)


class ChoiceForm(Answers):
    choice: int


class LeaveForm(Answers):
    erase: bool = False


def missing() -> Any:  # noqa: ANN401  # a pydantic field
    """A field whose absence is reported with the same words as a wrong value."""
    return Field(default="")


def choice_form(count: int, first: int = 1) -> type[ChoiceForm]:
    return make_choice_form(count, first)


@lru_cache(maxsize=256)
def make_choice_form(count: int, first: int) -> type[ChoiceForm]:
    return create_model("ChoiceForm", __base__=ChoiceForm, choice=(one_of(count, first), missing()))


def rating_fields(study: StudyDefinition) -> dict[str, str]:
    """Field name → construct key. Names count in the definition's order and tell nothing."""
    return {f"rating_{number}": construct.key for number, construct in enumerate(study.constructs, 1)}


FORMS: dict[str, type[Answers]] = {}


def rating_form(sha256: str, study: StudyDefinition) -> type[Answers]:
    """The form of one item, made once for each version (`sha256` names it)."""
    if sha256 not in FORMS:
        fields: dict[str, Any] = {
            name: (one_of(len(study.scales[construct.scale]), 1), missing())
            for name, construct in zip(rating_fields(study), study.constructs, strict=True)
        }
        if study.comment != "off":
            is_required = study.comment == "required"
            fields["comment"] = (Annotated[str, BeforeValidator(comment_check(is_required=is_required))], "")
        FORMS[sha256] = create_model("RatingForm", __base__=Answers, **fields)
    return FORMS[sha256]


def comment_check(*, is_required: bool) -> Callable[[object], str]:
    def check(value: object) -> str:
        text = str(value).strip()
        if is_required and not text:
            raise ValueError("Please write a short comment.")
        if len(text) > LONGEST_COMMENT:
            raise ValueError(f"Please shorten the comment to {LONGEST_COMMENT} characters.")
        return text

    return check


@lru_cache(maxsize=256)
def comprehension_form(options: tuple[int, ...]) -> type[Answers]:
    """One radio group for each question; `options` are their numbers of options."""
    fields: dict[str, Any] = {
        f"question_{number}": (one_of(count, 1), missing()) for number, count in enumerate(options, 1)
    }
    return create_model("ComprehensionForm", __base__=Answers, **fields)


def numbers(options: Sequence[str]) -> list[str]:
    return [str(number) for number in range(1, len(options) + 1)]


def questionnaire_answers(study: StudyDefinition, data: Mapping[str, str]) -> dict[str, str]:
    """Key → answer, of what was answered. Nothing is required, so nothing is refused: a choice that is
    none of the options counts as left out, a long text is cut at the length the page allows.
    """
    answers = {}
    for number, question in enumerate(study.questionnaire, 1):
        given = data.get(f"answer_{number}", "").strip()
        if question.kind == "text":
            answers[question.key] = given[:LONGEST_COMMENT]
        elif given in numbers(question.options):
            answers[question.key] = question.options[int(given) - 1]
    return answers
