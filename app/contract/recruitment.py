"""Where participants come from, and what the platform wants back."""

from collections.abc import Iterator
from typing import Literal

from app.contract.base import Contract
from app.contract.words import MaybeAddress, MaybeName, MaybeWords


class Parameters(Contract):
    external_id: MaybeWords = None
    study_id: MaybeWords = None
    attempt_id: MaybeWords = None


class Codes(Contract):
    completed: MaybeWords = None
    screened_out: MaybeWords = None
    no_consent: MaybeWords = None


Platform = Literal["prolific", "sona", "cloudresearch", "mturk", "link"]


class Recruitment(Contract):
    platform: Platform
    parameters: Parameters | None = None
    completion_url: MaybeAddress = None
    codes: Codes = Codes()
    site: MaybeName = None
    experiment: MaybeWords = None
    token: MaybeWords = None


def recruitment_contradictions(asked: Recruitment) -> Iterator[str]:
    """Say what is missing for people to be paid."""
    needs_code = asked.platform in {"prolific", "cloudresearch", "mturk"} and not asked.completion_url
    if not asked.codes.completed and (needs_code or "{code}" in (asked.completion_url or "")):
        yield "recruitment.codes.completed: required, or nobody can show that they have finished."
    if asked.platform == "sona" and not asked.completion_url:
        for key in ("site", "experiment", "token"):
            if getattr(asked, key) is None:
                yield f"recruitment.{key}: required, or SONA cannot give credit."
