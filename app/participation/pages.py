"""What each participant page shows, and nothing that tells condition, student or correctness."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from app.web.pages import Page


@dataclass(frozen=True)
class Frame:
    """What every page of a study has around its content. `step` of `steps` fills the progress bar;
    0 steps show none.
    """

    title: str
    language: str
    contact: str | None
    leave_url: str | None = None
    progress: str = ""
    step: int = 0
    steps: int = 0
    is_preview: bool = False


@dataclass(frozen=True)
class Link:
    text: str
    url: str


@dataclass(frozen=True)
class Own:
    """The id to quote to the study team, which opens nothing, and where to erase one's answers, if any."""

    pseudonym: str
    erase_url: str | None
    is_erased: bool


@dataclass(frozen=True, kw_only=True)
class LandingPage(Page):
    """`blocked` says why the study cannot be started from this link; then there is no Start."""

    template = "participation/landing.html"
    frame: Frame
    minutes: int
    platform: str
    stores_ids: bool
    hidden: Mapping[str, str]
    blocked: str | None
    continue_url: str | None
    is_preview: bool


@dataclass(frozen=True, kw_only=True)
class WaitPage(Page):
    """Too many came at once: the same arrival again, by itself after some seconds or at a press."""

    template = "participation/wait.html"
    frame: Frame
    wait_s: int
    hidden: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class MessagePage(Page):
    """An ending or a notice: a heading, sentences, at most one code and one link."""

    template = "participation/message.html"
    frame: Frame
    heading: str
    sentences: tuple[str, ...]
    code: str | None = None
    link: Link | None = None
    own: Own | None = None


@dataclass(frozen=True, kw_only=True)
class TextPage(Page):
    """Consent or instructions: a researcher's text and one way on (consent: also one out)."""

    template = "participation/text.html"
    frame: Frame
    heading: str
    html: Markup
    button: str
    is_consent: bool


@dataclass(frozen=True)
class Choice:
    value: int
    label: str


@dataclass(frozen=True)
class ChoiceQuestion:
    """A radio group. `help` is shown under the statement; `wide` sets the labels side by side on a
    desktop, as a rating scale.
    """

    name: str
    statement: str
    choices: tuple[Choice, ...]
    help: str = ""
    wide: bool = False


@dataclass(frozen=True, kw_only=True)
class ComprehensionPage(Page):
    template = "participation/comprehension.html"
    frame: Frame
    instructions: Markup
    questions: tuple[ChoiceQuestion, ...]
    attempt: int
    attempts_left: int
    has_failed: bool
    data: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stimulus:
    """A question with its choices, what the model answered and how it explained it. `marked` is the
    index of the choice that is the answer; None where the answer is no choice. With a premise, the
    question is a hypothesis.
    """

    question: str
    choices: tuple[str, ...]
    answer: str
    marked: int | None
    explanation: str
    premise: str | None = None


@dataclass(frozen=True, kw_only=True)
class RatePage(Page):
    """`comment` is off, optional or required; `own_answer` is what the participant answered before."""

    template = "participation/rate.html"
    frame: Frame
    stimulus: Stimulus
    questions: tuple[ChoiceQuestion, ...]
    comment: str
    own_answer: str | None
    is_practice: bool
    position: int
    shown: str
    data: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ChoicePage(Page):
    """One radio group on a page of its own: an attention check, or the participant's own answer.

    `question` is read aloud above the group; empty for an attention check. With a premise, it is a
    hypothesis.
    """

    template = "participation/choice.html"
    frame: Frame
    question: str
    group: ChoiceQuestion
    data: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    premise: str | None = None


@dataclass(frozen=True, kw_only=True)
class QuestionnairePage(Page):
    """Questions without choices take free text."""

    template = "participation/questionnaire.html"
    frame: Frame
    questions: tuple[ChoiceQuestion, ...]


@dataclass(frozen=True, kw_only=True)
class CompletedPage(Page):
    """The end: the debrief, and the way back to the platform."""

    template = "participation/completed.html"
    frame: Frame
    html: Markup
    platform: str
    code: str | None
    return_url: str | None
    own: Own


@dataclass(frozen=True, kw_only=True)
class LeavePage(Page):
    template = "participation/leave.html"
    frame: Frame
    back_url: str
    answered: int


@dataclass(frozen=True, kw_only=True)
class ErasePage(Page):
    template = "participation/erase.html"
    frame: Frame
    back_url: str
