"""The frozen definition of a version, parsed once in each process."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

from pydantic import model_validator

from app.contract.recruitment import PLATFORM_NAMES, Parameters, Platform, parameters_of
from app.contract.redaction import without_payment
from app.contract.study import StudyDefinition
from app.participation.flow import Shape

PRESET_COMPLETION_URLS: dict[Platform, str] = {
    "prolific": "https://app.prolific.com/submissions/complete?cc={code}",
    "sona": "https://{site}.sona-systems.com/webstudy_credit.aspx?experiment_id={experiment}"
    "&credit_token={token}&survey_code={external_id}",
}
# Ids of these platforms are long, and so are those of attempts: whoever brings both of a visit is its owner.
PRIVATE_IDS: set[Platform] = {"prolific", "cloudresearch", "mturk"}


class ShownDefinition(StudyDefinition):
    """A definition that need not agree with itself: hiding a code can leave two labels that are the same."""

    @model_validator(mode="after")
    def agrees_with_itself(self) -> Self:
        return self


@dataclass(frozen=True)
class FrozenStudy:
    sha256: str
    definition: StudyDefinition
    shape: Shape
    parameters: Parameters

    @property
    def has_private_ids(self) -> bool:
        return self.definition.recruitment.platform in PRIVATE_IDS

    @property
    def completion_url(self) -> str | None:
        """The platform's address for finished participants, with placeholders in braces."""
        recruitment = self.definition.recruitment
        return recruitment.completion_url or PRESET_COMPLETION_URLS.get(recruitment.platform)

    @property
    def platform_name(self) -> str:
        return PLATFORM_NAMES[self.definition.recruitment.platform]

    @cached_property
    def for_preview(self) -> "FrozenStudy":
        """The study without what pays people, wherever it stands: viewers preview, too."""
        shown = without_payment(self.definition.model_dump(mode="json"))
        return replace(self, definition=ShownDefinition.model_validate(shown))


CACHE: dict[str, FrozenStudy] = {}


def freeze(sha256: str, definition: dict[str, Any]) -> FrozenStudy:
    """Parse a stored definition and keep it; `sha256` is the version's."""
    study = StudyDefinition.model_validate(definition)
    shape = Shape(
        has_comprehension=study.comprehension is not None,
        practice=len(study.practice),
        has_own_answer=study.own_answer == "before",
        items=study.items_per_participant,
        checks=study.attention_count,
        has_questionnaire=bool(study.questionnaire),
    )
    CACHE[sha256] = FrozenStudy(sha256, study, shape, parameters_of(study.recruitment))
    return CACHE[sha256]
