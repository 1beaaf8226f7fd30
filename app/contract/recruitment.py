"""Where participants come from, and what the platform wants back."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from app.contract.base import Contract
from app.contract.words import MaybeAddress, MaybeCode, MaybeName, MaybeWords


class Parameters(Contract):
    external_id: MaybeWords = None
    study_id: MaybeWords = None
    attempt_id: MaybeWords = None


class Codes(Contract):
    completed: MaybeCode = None
    screened_out: MaybeCode = None
    no_consent: MaybeCode = None


def is_not_asked(value: object) -> bool:
    return value is False


Platform = Literal["prolific", "sona", "cloudresearch", "mturk", "link"]


class Recruitment(Contract):
    platform: Platform
    parameters: Parameters | None = None
    completion_url: MaybeAddress = None
    codes: Codes = Codes()
    site: MaybeName = None
    experiment: MaybeCode = None
    token: MaybeCode = None
    # Whether people need the signed link that the study's page shows. Left out where it is not asked for, so
    # that older definitions keep their hashes.
    signed_link: bool = Field(default=False, exclude_if=is_not_asked)


PRESET_PARAMETERS: dict[Platform, Parameters] = {
    "prolific": Parameters(external_id="PROLIFIC_PID", study_id="STUDY_ID", attempt_id="SESSION_ID"),
    "sona": Parameters(external_id="survey_code"),
    "cloudresearch": Parameters(external_id="participantId", study_id="projectId", attempt_id="assignmentId"),
    "mturk": Parameters(),  # a survey link carries no worker id; the code is what connects the two
    "link": Parameters(),
}
PLATFORM_NAMES: dict[Platform, str] = {
    "prolific": "Prolific",
    "sona": "SONA",
    "cloudresearch": "CloudResearch",
    "mturk": "Mechanical Turk",
    "link": "",
}


def parameters_of(recruitment: Recruitment) -> Parameters:
    """Which parameters of the link carry the platform's ids."""
    return recruitment.parameters or PRESET_PARAMETERS[recruitment.platform]


def recruitment_contradictions(asked: Recruitment) -> Iterator[str]:
    """Say what is missing for people to be paid."""
    needs_code = asked.platform in {"prolific", "cloudresearch", "mturk"} and not asked.completion_url
    if not asked.codes.completed and (needs_code or "{code}" in (asked.completion_url or "")):
        yield "recruitment.codes.completed: required, or nobody can show that they have finished."
    if asked.platform == "sona" and not asked.completion_url:
        for key in ("site", "experiment", "token"):
            if getattr(asked, key) is None:
                yield f"recruitment.{key}: required, or SONA cannot give credit."
